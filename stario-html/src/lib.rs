//! HTML values, escaping and rendering.
