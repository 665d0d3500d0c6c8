fn template() -> Html {
    {
        ::stario_html::__hints! {
            p p
        }
        static __STARIO_HINT: ::stario_html::__private::Hint = ::stario_html::__private::Hint::new(
            90u32,
        );
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        buf.__static("<p class=\"a");
        if (on) {
            buf.__static(" b");
        }
        buf.__static("\"");
        {
            let mut joined = ::stario_html::__private::Joined::new(" style=\"", ";");
            joined.add(&mut *buf, "x:y");
            joined.add_property(&mut *buf, "width:", &((&(width), &("%"))));
            joined.finish(&mut *buf);
        }
        buf.__static("></p><p");
        {
            let mut joined = ::stario_html::__private::Joined::new(" class=\"", " ");
            joined.add(&mut *buf, "a");
            joined.add_classes(&mut *buf, &(more));
            if (on) {
                joined.add(&mut *buf, "b");
            }
            joined.finish(&mut *buf);
        }
        buf.__static("></p>");
        __STARIO_HINT.finish(owned)
    }
}
