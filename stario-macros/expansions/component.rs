/// A card.
#[allow(
    dead_code,
    non_snake_case,
    clippy::let_and_return,
    clippy::needless_pass_by_value
)]
pub fn Card(title: &str, note: Option<&str>, level: u8, children: Children) -> Html {
    let html = ::stario_html::__private::ComponentOutput::standalone(|__target| Card::__into(
        __target,
        title,
        note,
        level,
        children,
    ));
    html
}
/// A card.
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[doc(hidden)]
pub struct Card {}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[allow(clippy::all, clippy::pedantic)]
impl Card {
    #[doc(hidden)]
    pub fn __props<'__p0, '__p1>() -> CardProps<
        '__p0,
        '__p1,
        ::stario_html::__private::Missing,
    > {
        CardProps {
            values: __CardValues {
                title: ::core::option::Option::None,
                note: ::core::option::Option::None,
                level: ::core::option::Option::None,
                children: ::core::option::Option::None,
                __generics: ::core::marker::PhantomData,
            },
            states: ::core::marker::PhantomData,
        }
    }
    fn __into(
        __target: &mut ::stario_html::__private::ComponentOutput<'_>,
        title: &str,
        note: Option<&str>,
        level: u8,
        children: Children,
    ) -> Html {
        html! {
            @ into(__target) @ of(Card) < h2 title = { note } > { title } { level } < /
            h2 > { children }
        }
    }
}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[doc(hidden)]
pub struct __CardValues<'__p0, '__p1> {
    title: ::core::option::Option<&'__p0 str>,
    note: ::core::option::Option<Option<&'__p1 str>>,
    level: ::core::option::Option<u8>,
    children: ::core::option::Option<Children>,
    __generics: ::core::marker::PhantomData<fn() -> (&'__p0 (), &'__p1 ())>,
}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[doc(hidden)]
pub struct CardProps<'__p0, '__p1, __S0> {
    values: __CardValues<'__p0, '__p1>,
    states: ::core::marker::PhantomData<fn() -> (__S0,)>,
}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[allow(clippy::all, clippy::pedantic)]
impl<'__p0, '__p1, __S0> CardProps<'__p0, '__p1, __S0> {
    #[doc(hidden)]
    #[must_use]
    pub fn title(
        mut self,
        value: &'__p0 str,
    ) -> CardProps<'__p0, '__p1, ::stario_html::__private::Given> {
        self.values.title = ::core::option::Option::Some(value);
        CardProps {
            values: self.values,
            states: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    #[must_use]
    pub fn note(
        mut self,
        value: impl ::stario_html::__private::IntoOptional<&'__p1 str>,
    ) -> CardProps<'__p0, '__p1, __S0> {
        self.values.note = ::core::option::Option::Some(value.into_optional());
        CardProps {
            values: self.values,
            states: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    #[must_use]
    pub fn level(mut self, value: u8) -> CardProps<'__p0, '__p1, __S0> {
        self.values.level = ::core::option::Option::Some(value);
        CardProps {
            values: self.values,
            states: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    #[must_use]
    pub fn children(
        mut self,
        value: impl ::core::convert::Into<::stario_html::Children>,
    ) -> CardProps<'__p0, '__p1, __S0> {
        self.values.children = ::core::option::Option::Some(
            ::core::convert::From::from(value.into()),
        );
        CardProps {
            values: self.values,
            states: ::core::marker::PhantomData,
        }
    }
    #[doc(hidden)]
    pub fn __render(self, buf: &mut ::stario_html::__private::Buf)
    where
        __S0: __Card_title,
    {
        ::stario_html::__private::ComponentOutput::within(
            buf,
            |target| Card::__into(
                target,
                ::stario_html::__private::given(self.values.title),
                self.values.note.unwrap_or(::core::option::Option::None),
                match self.values.level {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => 2,
                },
                self.values.children.unwrap_or_default(),
            ),
        );
    }
}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "<Card> needs the property `title`",
    label = "`title` is missing"
)]
pub trait __Card_title {}
#[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]
impl __Card_title for ::stario_html::__private::Given {}
