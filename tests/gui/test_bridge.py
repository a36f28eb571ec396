import threading

from napari_sam_med.gui.shared.bridge import Bridge
from napari_sam_med.session.background.messages import Started


def test_answers_of_another_thread_arrive_in_order_on_this_one(qtbot):
    received = []
    bridge = Bridge(lambda a: received.append((a.generation, threading.get_ident())))

    def send() -> None:
        for generation in range(5):
            bridge.deliver(Started(generation, ""))

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    assert received == []
    qtbot.waitUntil(lambda: len(received) == 5)
    assert received == [(k, threading.get_ident()) for k in range(5)]


def test_what_is_on_its_way_when_it_closes_is_dropped(qtbot):
    received = []
    bridge = Bridge(received.append)
    bridge.deliver(Started(1, ""))
    bridge.close()
    qtbot.wait(20)
    assert received == []
