fn template() -> Html {
    {
        ::stario_html::__hints! {
            a a input script script
        }
        static __STARIO_HINT: ::stario_html::__private::Hint = ::stario_html::__private::Hint::new(
            334u32,
        );
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
