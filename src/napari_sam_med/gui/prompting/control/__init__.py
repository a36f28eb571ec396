"""Parts of the dock's controller, one purpose each.

``dock_parts`` is what they share. ``layer_events`` follows the viewer's layers,
``tool_actions`` the tools and drawings, ``mask_actions`` candidates and labels,
``output_actions`` files; ``keys`` says which key does what, and ``dock_drawing``
brings state on the screen. ``prompts_controller`` builds and opens them.
"""
