fn template() -> Html {
    {
        ::stario_html::__hints! {
            a a input script script
        }
        ::stario_html::__literals! {
            hint 334u32 "\np0\trow-\t\nU0\t\t\nx0\t\t\nS0\t\t\n"
        }
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        buf.__part("<a id=\"row-", &(id), "\"");
        buf.__url(" href=\"", 0usize, &(url), "\"");
        buf.__attr(" title=\"", 0usize, &(note), "\"");
        buf.__flag_or_text(" hidden=\"", 0usize, &(is_hidden), "\"");
        buf.__datastar(" data-on:click=\"", 0usize, &(action), "\">");
        buf.__text("", &(name), "</a><input");
        if (is_busy) {
            buf.__static(" disabled");
        }
        buf.__attr(" value=\"", 0usize, &(text), "\"");
        buf.__attrs(&(attrs));
        buf.__script("><script>let user = ", &(json(&user)), ";</script>");
        __STARIO_HINT.finish(owned)
    }
}
