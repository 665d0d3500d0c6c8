fn template() -> Html {
    {
        ::stario_html::__hints! {
            ul ul li li
        }
        static __STARIO_HINT: ::stario_html::__private::Hint = ::stario_html::__private::Hint::new(
            167u32,
        );
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        buf.__static("<ul>");
        {
            let many = items.len() > 1;
            for item in &items {
                if item.is_empty() {
                    continue;
                }
                match item.kind {
                    Kind::A(n) => {
                        buf.__text("<li>", &(n), "</li>");
                    }
                    _ => {
                        buf.__text("other", &(item), "");
                    }
                }
            }
            if many {
                buf.__static("many");
            } else if let [one] = &items[..] {
                buf.__text("", &(one), "");
            } else {
                buf.__static("none");
            }
        }
        buf.__static("</ul>");
        {
            let tag_0: &::stario_html::TagName = &(tag);
            buf.__static("<");
            buf.__tag(tag_0);
            buf.__static(">x</");
            buf.__tag(tag_0);
            buf.__static(">");
        }
        __STARIO_HINT.finish(owned)
    }
}
