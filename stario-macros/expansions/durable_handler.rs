#[allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    clippy::ptr_arg,
    clippy::borrowed_box,
    clippy::trivially_copy_pass_by_ref,
)]
async fn import(
    rows: JsonBody<Vec<Row>>,
    page: QueryParam<u32>,
    user: &User,
    attempt: Attempt,
    config: State<Config>,
) -> Result {
    todo!()
}
/// Links to `import`, which answers `POST /import`.
#[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
struct import {}
crate::app::__stario::items! {
    __STARIO_import {
        use crate::app::{Routes as __Routes, __stario};
        pub mod given {
            #[diagnostic::on_unimplemented(
                message = "the query parameter `attempt` of this link is not set",
                label = "`attempt` is missing",
                note = "the handler requires it: set it by `.attempt(..)`, or give the parameter a `#[default(..)]` or an `Option`"
            )]
            pub trait attempt {}
            impl attempt for crate::app::__stario::Set {}
            impl attempt for crate::app::__stario::Unset<false> {}
        }
        type __State1 = __stario::Unset<
            {
                use __stario::Unprobed as _;
                __stario::Probe::<Attempt>::READS_ONE
                    && !__stario::Probe::<Attempt>::READS_OPTION
            },
        >;
        __stario::setters! {
            import_parameters [__State1: attempt] optional {
                page: " Sets `page` in the query." "page" [__stario::QueryValue<QueryParam<u32>>];
            }
            required {
                attempt: " Sets `attempt` in the query." "attempt" [__stario::QueryValue<Attempt>] [__stario::Set];
            }
        }
        __stario::links! {
            import import_parameters [__State1];
            url<>()() where [] {
                __stario::UrlBuilder::of::<__Routes>().literal("import").finish()
            };
            action "post" [] where [] {};
        }
        type __Parameter0 = JsonBody<Vec<Row>>;
        static __PARAMETERS: [__stario::ParameterInfo; 5] = [
            <__Parameter0 as __stario::FromRequest>::INFO.named("rows"),
            <QueryParam<u32> as __stario::FromRequest>::INFO.named("page").with_default(),
            __stario::by_type::<_, __Routes>(__stario::PhantomData::<User>)
                .info()
                .named("user"),
            <Attempt as __stario::Argument<'_, __Routes, _>>::INFO.named("attempt"),
            <State<Config> as __stario::FromRequest>::INFO.named("config"),
        ];
        const _: () = {
            __PARAMETERS[1]
                .expect_no_writer(
                    "a detached command has answered before it runs, so it has no `Writer`; make this handler a command",
                );
            __PARAMETERS[3]
                .expect_no_capture(
                    "`attempt` is read from the path, but \"/import\" has no `{attempt}`",
                );
            __PARAMETERS[3]
                .expect_no_writer(
                    "a detached command has answered before it runs, so it has no `Writer`; make this handler a command",
                );
            __PARAMETERS[3]
                .expect_beside(
                    &__PARAMETERS[0],
                    false,
                    "`rows` reads the request's body already, and it can be read once",
                    "`rows` is a `Writer` already, and a handler has one",
                );
            __PARAMETERS[0]
                .expect_no_cleanup(
                    "the provider of `rows` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body",
                );
            __PARAMETERS[1]
                .expect_no_cleanup(
                    "the provider of `page` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body",
                );
            __PARAMETERS[2]
                .expect_no_cleanup(
                    "the provider of `user` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body",
                );
            __PARAMETERS[2]
                .expect_stored(
                    "`user` is not a value of the request, so it tells no commands apart",
                );
            __PARAMETERS[3]
                .expect_no_cleanup(
                    "the provider of `attempt` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body",
                );
            __PARAMETERS[4]
                .expect_no_cleanup(
                    "the provider of `config` takes a `Cleanup`, whose work is done when the request ends, before the command runs; make this value in the function's body",
                );
        };
        fn __store_0(
            value: &JsonBody<Vec<Row>>,
            values: &mut __stario::ValuesWriter,
        ) -> ::core::result::Result<(), __stario::Rejection> {
            <__stario::Kept<
                { __PARAMETERS[0].is_stored() },
            > as __stario::Keep<JsonBody<Vec<Row>>, _>>::store(value, "rows", values)
        }
        fn __store_1(
            value: &QueryParam<u32>,
            values: &mut __stario::ValuesWriter,
        ) -> ::core::result::Result<(), __stario::Rejection> {
            <__stario::Kept<
                { __PARAMETERS[1].is_stored() },
            > as __stario::Keep<QueryParam<u32>, _>>::store(value, "page", values)
        }
        fn __store_2(
            value: &User,
            values: &mut __stario::ValuesWriter,
        ) -> ::core::result::Result<(), __stario::Rejection> {
            <__stario::Kept<
                { __PARAMETERS[2].is_stored() },
            > as __stario::Keep<User, _>>::store(value, "user", values)
        }
        fn __store_3(
            value: &Attempt,
            values: &mut __stario::ValuesWriter,
        ) -> ::core::result::Result<(), __stario::Rejection> {
            <__stario::Kept<
                { __PARAMETERS[3].is_stored() },
            > as __stario::Keep<Attempt, _>>::store(value, "attempt", values)
        }
        fn __store_4(
            value: &State<Config>,
            values: &mut __stario::ValuesWriter,
        ) -> ::core::result::Result<(), __stario::Rejection> {
            <__stario::Kept<
                { __PARAMETERS[4].is_stored() },
            > as __stario::Keep<State<Config>, _>>::store(value, "config", values)
        }
        struct __Command;
        impl __stario::CommandOf for __Command {
            type Arguments = <fn(
                <__stario::Kept<
                    { __PARAMETERS[0].is_stored() },
                > as __stario::ArgumentBefore<
                    <__stario::Wrapped<
                        {
                            use __stario::UnprobedWrapper as _;
                            __stario::WrapperProbe::<JsonBody<Vec<Row>>>::IS_WRAPPER
                        },
                    > as __stario::ArgumentOf<JsonBody<Vec<Row>>>>::Argument,
                    <__stario::Kept<
                        { __PARAMETERS[1].is_stored() },
                    > as __stario::ArgumentBefore<
                        <__stario::Wrapped<
                            {
                                use __stario::UnprobedWrapper as _;
                                __stario::WrapperProbe::<QueryParam<u32>>::IS_WRAPPER
                            },
                        > as __stario::ArgumentOf<QueryParam<u32>>>::Argument,
                        <__stario::Kept<
                            { __PARAMETERS[2].is_stored() },
                        > as __stario::ArgumentBefore<
                            User,
                            <__stario::Kept<
                                { __PARAMETERS[3].is_stored() },
                            > as __stario::ArgumentBefore<
                                Attempt,
                                <__stario::Kept<
                                    { __PARAMETERS[4].is_stored() },
                                > as __stario::ArgumentBefore<State<Config>, ()>>::List,
                            >>::List,
                        >>::List,
                    >>::List,
                >>::List,
            ) as __stario::ArgumentList>::List;
            fn info() -> &'static __stario::DurableInfo {
                &__DURABLE.info
            }
            fn store(
                list: Self::Arguments,
                values: &mut __stario::ValuesWriter,
            ) -> ::core::result::Result<
                ::core::option::Option<::std::string::String>,
                __stario::Rejection,
            > {
                let list = <__stario::Kept<
                    { __PARAMETERS[0].is_stored() },
                > as __stario::StoreArgument<
                    <__stario::Wrapped<
                        {
                            use __stario::UnprobedWrapper as _;
                            __stario::WrapperProbe::<JsonBody<Vec<Row>>>::IS_WRAPPER
                        },
                    > as __stario::ArgumentOf<JsonBody<Vec<Row>>>>::Argument,
                    JsonBody<Vec<Row>>,
                    _,
                >>::store(
                    list,
                    <__stario::Wrapped<
                        {
                            use __stario::UnprobedWrapper as _;
                            __stario::WrapperProbe::<JsonBody<Vec<Row>>>::IS_WRAPPER
                        },
                    > as __stario::ArgumentOf<JsonBody<Vec<Row>>>>::wrap,
                    __store_0,
                    values,
                )?;
                let list = <__stario::Kept<
                    { __PARAMETERS[1].is_stored() },
                > as __stario::StoreArgument<
                    <__stario::Wrapped<
                        {
                            use __stario::UnprobedWrapper as _;
                            __stario::WrapperProbe::<QueryParam<u32>>::IS_WRAPPER
                        },
                    > as __stario::ArgumentOf<QueryParam<u32>>>::Argument,
                    QueryParam<u32>,
                    _,
                >>::store(
                    list,
                    <__stario::Wrapped<
                        {
                            use __stario::UnprobedWrapper as _;
                            __stario::WrapperProbe::<QueryParam<u32>>::IS_WRAPPER
                        },
                    > as __stario::ArgumentOf<QueryParam<u32>>>::wrap,
                    __store_1,
                    values,
                )?;
                let list = <__stario::Kept<
                    { __PARAMETERS[2].is_stored() },
                > as __stario::StoreArgument<
                    User,
                    User,
                    _,
                >>::store(list, ::core::convert::identity, __store_2, values)?;
                let list = <__stario::Kept<
                    { __PARAMETERS[3].is_stored() },
                > as __stario::StoreArgument<
                    Attempt,
                    Attempt,
                    _,
                >>::store(list, ::core::convert::identity, __store_3, values)?;
                let list = <__stario::Kept<
                    { __PARAMETERS[4].is_stored() },
                > as __stario::StoreArgument<
                    State<Config>,
                    State<Config>,
                    _,
                >>::store(list, ::core::convert::identity, __store_4, values)?;
                let ((), _) = (list, &*values);
                ::core::result::Result::Ok(values.group_of("user"))
            }
        }
        impl import {
            /// Makes a command of `import` for `app.durable().enqueue(..)`.
            ///
            /// Its arguments are the values of those of these parameters that are stored, in this order; a singleton is none: `rows`, `page`, `user`.
            pub const command: <<__Command as __stario::CommandOf>::Arguments as __stario::CommandFunction<
                __Command,
            >>::Function = <<__Command as __stario::CommandOf>::Arguments as __stario::CommandFunction<
                __Command,
            >>::FUNCTION;
        }
        static __DURABLE: __stario::DurableEndpoint = __stario::DurableEndpoint {
            info: __stario::DurableInfo {
                name: "import",
                version: 2,
                lift: ::core::option::Option::Some(lift_rows),
                is_in_order: true,
                is_one_group: false,
                ..__stario::DurableInfo::DEFAULT
            },
            run: |exchange, scope, values| ::std::boxed::Box::pin(async move {
                let dependencies = __stario::Dependencies::of(&scope);
                let ended = {
                    let dependencies = &dependencies;
                    async move {
                        let inputs = scope;
                        let scope = &inputs;
                        let argument_0 = <__stario::Kept<
                            { __PARAMETERS[0].is_stored() },
                        > as __stario::Restore<
                            '_,
                            JsonBody<Vec<Row>>,
                            __Routes,
                            _,
                        >>::take(
                                scope,
                                dependencies,
                                &__PARAMETERS[0].parameter,
                                "rows",
                                &values,
                            )
                            .await?;
                        let argument_1 = <__stario::Kept<
                            { __PARAMETERS[1].is_stored() },
                        > as __stario::Restore<
                            '_,
                            QueryParam<u32>,
                            __Routes,
                            _,
                        >>::take(
                                scope,
                                dependencies,
                                &__PARAMETERS[1].parameter,
                                "page",
                                &values,
                            )
                            .await?;
                        let argument_2 = <__stario::Kept<
                            { __PARAMETERS[2].is_stored() },
                        > as __stario::RestoreProvided<
                            '_,
                            _,
                            _,
                            _,
                        >>::borrow(
                                __stario::by_type::<
                                    _,
                                    __Routes,
                                >(__stario::PhantomData::<User>),
                                scope,
                                dependencies,
                                "user",
                                &values,
                            )
                            .await?;
                        let argument_3 = <__stario::Kept<
                            { __PARAMETERS[3].is_stored() },
                        > as __stario::Restore<
                            '_,
                            Attempt,
                            __Routes,
                            _,
                        >>::take(
                                scope,
                                dependencies,
                                &__PARAMETERS[3].parameter,
                                "attempt",
                                &values,
                            )
                            .await?;
                        let argument_4 = <__stario::Kept<
                            { __PARAMETERS[4].is_stored() },
                        > as __stario::Restore<
                            '_,
                            State<Config>,
                            __Routes,
                            _,
                        >>::take(
                                scope,
                                dependencies,
                                &__PARAMETERS[4].parameter,
                                "config",
                                &values,
                            )
                            .await?;
                        ::core::mem::drop((inputs, values));
                        use __stario::Unwrapped as _;
                        let value = import(
                                argument_0.by_value(),
                                argument_1.by_value(),
                                argument_2,
                                argument_3.by_value(),
                                argument_4.by_value(),
                            )
                            .await;
                        __stario::end_run(__stario::Outcome(value).of_run())
                    }
                        .await
                };
                ::core::mem::drop(exchange);
                ended
            }),
        };
        __stario::endpoint! {
            info: DurableCommand "POST" "/import" "import" {},
            layer: {
                __stario::None
            },
            durable: {
                __stario::Some(&__DURABLE)
            },
            call: {
                __stario::Box::into_pin
            }
             {
                async move
            }
            (exchange, scope, dependencies),
            before {}
            arguments {
                __stario::arguments! {
                    scope:
                    let (argument_0, (argument_1, (argument_2, (argument_3, (argument_4, ()))))) = __stario::pair(
                        <__Parameter0 as __stario::Argument<
                            '_,
                            __Routes,
                            _,
                        >>::take(scope, dependencies, &__PARAMETERS[0].parameter),
                        __stario::pair(
                            __stario::or_default(
                                <QueryParam<
                                    u32,
                                > as __stario::FromRequest>::from_request(
                                    scope,
                                    &__PARAMETERS[1].parameter,
                                ),
                                || <QueryParam<u32> as __stario::Defaulted>::from_default(1),
                            ),
                            __stario::pair(
                                __stario::by_type::<_, __Routes>(__stario::PhantomData::<User>)
                                    .borrow(scope, dependencies),
                                __stario::pair(
                                    <Attempt as __stario::Argument<
                                        '_,
                                        __Routes,
                                        _,
                                    >>::take(scope, dependencies, &__PARAMETERS[3].parameter),
                                    __stario::pair(
                                        <State<
                                            Config,
                                        > as __stario::Argument<
                                            '_,
                                            __Routes,
                                            _,
                                        >>::take(scope, dependencies, &__PARAMETERS[4].parameter),
                                        (),
                                    ),
                                ),
                            ),
                        ),
                    );
                }
            }
            after {}
            answer {
                let (values, group) = {
                    let mut values = __stario::ValuesWriter::new(__DURABLE.info.name);
                    {
                        let value = argument_0.by_value();
                        __store_0(&value, &mut values)?;
                    }
                    {
                        let value = argument_1;
                        __store_1(&value, &mut values)?;
                    }
                    {
                        let value = argument_2;
                        __store_2(value, &mut values)?;
                    }
                    {
                        let value = argument_3.by_value();
                        __store_3(&value, &mut values)?;
                    }
                    {
                        let value = argument_4.by_value();
                        __store_4(&value, &mut values)?;
                    }
                    let group = values.group_of("user");
                    (values, group)
                };
                __stario::enqueue(exchange, &__DURABLE.info, values, group).await?;
                __stario::reply(())
            }
        }
        __stario::inventory::submit! {
            __stario::Registration { app : ::core::any::TypeId::of:: < __Routes >, endpoint :
            __ENDPOINT }
        }
        impl __Routes {
            #[doc(hidden)]
            const two_handlers_answer_POST_import: () = ();
        }
    }
}
