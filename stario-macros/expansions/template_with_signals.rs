fn template() -> Html {
    {
        ::stario_html::__hints! {
            main main input
        }
        ::stario_html::__literals! {
            hint 385u32
            "\nv0\t\t\nU0\t\t\nS0\t\t\nV0\t\t\nS0\t\t\nV0\t\t\nU0\t\t\nU0\t\t\nU0\t\t\nU0\t\t\n"
        }
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        buf.__signals(
            "<main data-signals='",
            5usize,
            &(search),
            "' data-on:click=\"evt.key &amp;&amp; ",
        );
        buf.__datastar_part("", &(action), "\"");
        buf.__datastar(" data-init=\"", 0usize, &(action), "\"><input");
        buf.__bind(" data-bind=\"", 0usize, &(q), "\"");
        buf.__indicator(" data-indicator=\"", 0usize, &(busy), "\"");
        buf.__condition(" data-show=\"", 0usize, &(open), "\"");
        buf.__condition(" data-class:x=\"", 0usize, &(open), "\"");
        buf.__shown_text(" data-text=\"", 0usize, &(q), "\"");
        buf.__shown_value(" data-attr:title=\"", 0usize, &(q), "\"></main>");
        __STARIO_HINT.finish(owned)
    }
}
