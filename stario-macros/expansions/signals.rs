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
    use crate::app::__stario::signals as __signals;
    impl<T> Search<T>
    where
        T: __signals::SignalType,
        T: ::core::default::Default,
    {
        __signals::name_is_taken::choose_another_by_signals_fn! {
            [pub] [#[doc = r" What is looked for."] #[doc = ""] #[doc =
            " The signal `searchText`."] #[must_use]] search_text[__signals::SignalRef <
            String >] { __signals::SignalRef::named("searchText") }
        }
        __signals::name_is_taken::choose_another_by_signals_fn! {
            [] [#[doc = " The signal `page`."] #[must_use]] page[__signals::SignalRef < T
            >] { __signals::SignalRef::named("page") }
        }
        __signals::name_is_taken::choose_another_by_signals_fn! {
            [] [#[doc = " The signal `_open`."] #[must_use]] open[__signals::SignalRef <
            bool >] { __signals::SignalRef::named("_open") }
        }
        __signals::name_is_taken::choose_another_by_signals_fn! {
            [] [#[doc = " The signals of `sort`."] #[must_use]] order[< Sort as
            __signals::PageSignals > ::Fields] {
            ::core::convert::From::from(__signals::NestedSignals::__new("sort")) }
        }
    }
    pub struct __SearchFields<T>(__signals::NestedSignals<Search<T>>);
    impl<T> __SearchFields<T>
    where
        T: __signals::SignalType,
        T: ::core::default::Default,
    {
        /// What is looked for.
        ///
        /// The signal `searchText`.
        #[must_use]
        pub fn search_text(&self) -> __signals::SignalRef<String> {
            self.0.__signal("searchText")
        }
        /// The signal `page`.
        #[must_use]
        fn page(&self) -> __signals::SignalRef<T> {
            self.0.__signal("page")
        }
        /// The signal `_open`.
        #[must_use]
        fn open(&self) -> __signals::SignalRef<bool> {
            self.0.__signal("_open")
        }
        /// The signals of `sort`.
        #[must_use]
        fn order(&self) -> <Sort as __signals::PageSignals>::Fields {
            ::core::convert::From::from(self.0.__nested("sort"))
        }
    }
    impl<T> ::core::clone::Clone for __SearchFields<T> {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }
    impl<T> ::core::convert::From<__signals::NestedSignals<Search<T>>>
    for __SearchFields<T> {
        fn from(signals: __signals::NestedSignals<Search<T>>) -> Self {
            Self(signals)
        }
    }
    impl<T> ::core::ops::Deref for __SearchFields<T> {
        type Target = __signals::NestedSignals<Search<T>>;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }
    #[automatically_derived]
    impl<T> __signals::PageSignals for Search<T>
    where
        T: __signals::SignalType,
        T: ::core::default::Default,
    {
        const SIGNALS: &'static [__signals::SignalInfo] = &[
            __signals::SignalInfo {
                name: "searchText",
                kind: {
                    use __signals::Unprobed as _;
                    __signals::SignalProbe::<String>::KIND
                },
                is_local: false,
                may_be_missing: false,
            },
            __signals::SignalInfo {
                name: "page",
                kind: {
                    use __signals::Unprobed as _;
                    __signals::SignalProbe::<T>::KIND
                },
                is_local: false,
                may_be_missing: true,
            },
            __signals::SignalInfo {
                name: "_open",
                kind: {
                    use __signals::Unprobed as _;
                    __signals::SignalProbe::<bool>::KIND
                },
                is_local: true,
                may_be_missing: false,
            },
            __signals::SignalInfo {
                name: "sort",
                kind: __signals::SignalKind::Nested(
                    <Sort as __signals::PageSignals>::SIGNALS,
                ),
                is_local: false,
                may_be_missing: false,
            },
        ];
        type Fields = __SearchFields<T>;
        const NAMES: &'static [&'static str] = &["searchText", "page", "sort"];
        fn __write<__M: __signals::SerializeMap>(
            &self,
            with_local: bool,
            map: &mut __M,
        ) -> ::core::result::Result<(), __M::Error> {
            <String as __signals::SignalType>::__write(
                &self.search_text,
                "searchText",
                map,
            )?;
            <T as __signals::SignalType>::__write(&self.page, "page", map)?;
            if with_local {
                <bool as __signals::SignalType>::__write(&self.open, "_open", map)?;
            }
            <Sort as __signals::PageSignals>::__write_nested(
                &self.sort,
                "sort",
                with_local,
                map,
            )?;
            ::core::result::Result::Ok(())
        }
        fn __read<'__de, __M: __signals::MapAccess<'__de>>(
            mut map: __M,
        ) -> ::core::result::Result<Self, __M::Error> {
            let mut value_0 = ::core::option::Option::None;
            let mut value_1 = ::core::option::Option::None;
            let mut value_2 = ::core::option::Option::None;
            while let ::core::option::Option::Some(position) = __signals::next_field(
                &mut map,
                <Self as __signals::PageSignals>::NAMES,
            )? {
                match position {
                    0 => {
                        value_0 = ::core::option::Option::Some(
                            <String as __signals::SignalType>::__read(&mut map)?,
                        );
                    }
                    1 => {
                        value_1 = ::core::option::Option::Some(
                            <T as __signals::SignalType>::__read(&mut map)?,
                        );
                    }
                    2 => {
                        value_2 = ::core::option::Option::Some(
                            <Sort as __signals::PageSignals>::__read_nested(&mut map)?,
                        );
                    }
                    _ => __signals::skip_field(&mut map)?,
                }
            }
            ::core::result::Result::Ok(Self {
                search_text: match value_0 {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => {
                        <String as __signals::SignalType>::__missing("searchText")?
                    }
                },
                page: match value_1 {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => {
                        <T as ::core::default::Default>::default()
                    }
                },
                open: <bool as __signals::LocalSignal>::__initial(),
                cache: <Cache as ::core::default::Default>::default(),
                sort: match value_2 {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => {
                        <Sort as __signals::PageSignals>::__missing_nested("sort")?
                    }
                },
            })
        }
    }
    __signals::__literals! {
        "\nd0\tSearch.searchText:t search_text\t\nd0\tSearch.page:? page\t\nd0\tSearch._open:b open\t\nd0\tSearch.sort:Sort@ order\t\n"
    }
};
