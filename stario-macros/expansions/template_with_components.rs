fn template() -> Html {
    {
        ::stario_html::__literals! {
            hint 154u32 "\nc0\tCard\t\nm0\tx\t\nc0\tRule\t\n"
        }
        let mut owned = __STARIO_HINT.buf();
        let buf = &mut owned;
        Card::__props()
            .title("x")
            .level(2)
            .is_open(true)
            .children(
                ::stario_html::Children::from({
                    static __STARIO_HINT: ::stario_html::__private::Hint = ::stario_html::__private::Hint::new(
                        26u32,
                    );
                    let mut owned = __STARIO_HINT.buf();
                    let buf = &mut owned;
                    buf.__text("in", &(side), "");
                    __STARIO_HINT.finish(owned)
                }),
            )
            .__render(&mut *buf);
        ui::Rule::__props().__render(&mut *buf);
        __STARIO_HINT.finish(owned)
    }
}
