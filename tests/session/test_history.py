from napari_sam_med.session.histories.history import History


def test_undo_and_redo_walk_through_all_states():
    history = History(0)
    for state in (1, 2, 3):
        history.push(state)
    back = [history.undo() for _ in range(4)]
    forth = [history.redo() for _ in range(4)]
    assert back == [2, 1, 0, None]
    assert forth == [1, 2, 3, None]


def test_a_new_state_ends_what_could_be_redone():
    history = History(0)
    history.push(1)
    history.undo()
    history.push(2)
    assert not history.can_redo
    assert history.undo() == 0


def test_amending_is_no_step():
    history = History(0)
    history.amend(5)
    assert history.present == 5
    assert not history.can_undo
