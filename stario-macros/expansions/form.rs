#[allow(
    dead_code,
    missing_debug_implementations,
    non_local_definitions,
    private_interfaces,
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]
const _: () = {
    use crate::app::__stario::forms as __forms;
    impl SignUp {
        __forms::name_is_taken::choose_another_by_form_fn! {
            [pub] [#[doc = r" Where to write to."] #[doc = ""] #[doc =
            " The field `eMail` of the form."] #[must_use]] e_mail[__forms::FieldRef <
            SignUp, String >] { __forms::FieldRef::__new("eMail") }
        }
        __forms::name_is_taken::choose_another_by_form_fn! {
            [] [#[doc = " The field `password` of the form."] #[must_use]]
            password[__forms::FieldRef < SignUp, String >] {
            __forms::FieldRef::__new("password") }
        }
        __forms::name_is_taken::choose_another_by_form_fn! {
            [] [#[doc = " The field `news` of the form."] #[must_use]]
            news[__forms::FieldRef < SignUp, bool >] { __forms::FieldRef::__new("news") }
        }
        __forms::name_is_taken::choose_another_by_form_fn! {
            [] [#[doc = " The field `rows` of the form."] #[must_use]] rows[< Vec < Row >
            as __forms::FormGroup > ::Refs < SignUp >] {
            ::core::convert::From::from(__forms::GroupRef::__new("rows")) }
        }
        __forms::name_is_taken::choose_another_by_form_fn! {
            [] [#[doc = " The field `photo` of the form."] #[must_use]]
            photo[__forms::FileRef < SignUp >] { __forms::FileRef::__new("photo") }
        }
    }
    pub struct __SignUpRefs<__F>(__forms::GroupRef<__F>);
    impl<__F> __SignUpRefs<__F> {
        /// Where to write to.
        ///
        /// The field `eMail` of the form.
        #[must_use]
        pub fn e_mail(&self) -> __forms::FieldRef<__F, String> {
            self.0.__field("eMail")
        }
        /// The field `password` of the form.
        #[must_use]
        fn password(&self) -> __forms::FieldRef<__F, String> {
            self.0.__field("password")
        }
        /// The field `news` of the form.
        #[must_use]
        fn news(&self) -> __forms::FieldRef<__F, bool> {
            self.0.__field("news")
        }
        /// The field `rows` of the form.
        #[must_use]
        fn rows(&self) -> <Vec<Row> as __forms::FormGroup>::Refs<__F> {
            self.0.__group("rows")
        }
        /// The field `photo` of the form.
        #[must_use]
        fn photo(&self) -> __forms::FileRef<__F> {
            self.0.__file("photo")
        }
    }
    impl<__F> ::core::clone::Clone for __SignUpRefs<__F> {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    impl<__F> ::core::convert::From<__forms::GroupRef<__F>> for __SignUpRefs<__F> {
        fn from(group: __forms::GroupRef<__F>) -> Self {
            Self(group)
        }
    }
    impl<__F> ::core::ops::Deref for __SignUpRefs<__F> {
        type Target = __forms::GroupRef<__F>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl __forms::FormFields for SignUp {
        type Refs<__F> = __SignUpRefs<__F>;
        const FIELDS: &'static [__forms::FieldInfo] = &[
            __forms::FieldInfo {
                in_rust: "e_mail",
                name: "eMail",
                kind: __forms::FieldKind::Text,
            },
            __forms::FieldInfo {
                in_rust: "password",
                name: "password",
                kind: __forms::FieldKind::Secret,
            },
            __forms::FieldInfo {
                in_rust: "news",
                name: "news",
                kind: __forms::FieldKind::Text,
            },
            __forms::FieldInfo {
                in_rust: "rows",
                name: "rows",
                kind: <Vec<Row> as __forms::FormGroup>::KIND,
            },
            __forms::FieldInfo {
                in_rust: "photo",
                name: "photo",
                kind: __forms::FieldKind::File(__forms::FileRules {
                    max_size: 1024,
                    accept: "image/*",
                }),
            },
        ];
        fn __read(reader: &mut __forms::Reader<'_, '_>) -> ::core::option::Option<Self> {
            let value_0 = reader.value::<String>("eMail");
            let value_1 = reader.value::<String>("password");
            let value_2 = reader
                .value_or::<
                    bool,
                >("news", || <bool as ::core::default::Default>::default());
            let value_3 = reader.group::<Vec<Row>>("rows");
            let value_4 = reader.file::<Option<UploadedFile>>("photo");
            ::core::option::Option::Some(Self {
                e_mail: value_0?,
                password: value_1?,
                news: value_2?,
                rows: value_3?,
                photo: value_4?,
                seen: <Seen as ::core::default::Default>::default(),
            })
        }
    }
};
