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
#[doc(hidden)]
#[allow(
    dead_code,
    deprecated,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_camel_case_types,
    non_local_definitions,
    non_snake_case,
    non_upper_case_globals,
    private_bounds,
    private_interfaces,
    trivial_bounds,
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]
const __STARIO_import: () = {
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
    pub struct import_parameters<__Link, __State1>(
        __Link,
        ::core::marker::PhantomData<(__State1,)>,
    );
    impl<__Link: __stario::Target, __State1> __stario::Setters
    for import_parameters<__Link, __State1> {
        type Link = __Link;
        fn link(&self) -> &__Link {
            &self.0
        }
        fn with(&self, link: __Link) -> Self {
            Self(link, ::core::marker::PhantomData)
        }
    }
    impl<__Link: __stario::Target, __State1> __stario::Complete
    for import_parameters<__Link, __State1>
    where
        __State1: given::attempt,
    {}
    impl<__Link: __stario::Target, __State1> import_parameters<__Link, __State1> {
        /// Sets `page` in the query.
        pub fn page<__Value: __stario::QueryValue<QueryParam<u32>>>(
            &self,
            value: __Value,
        ) -> __stario::Link<import_parameters<__Link, __State1>> {
            let value = __stario::with_parameter::<
                QueryParam<u32>,
                __Link,
                __Value,
            >(&self.0, "page", value);
            __stario::Link::new(import_parameters(value, ::core::marker::PhantomData))
        }
        /// Sets `attempt` in the query.
        pub fn attempt<__Value: __stario::QueryValue<Attempt>>(
            &self,
            value: __Value,
        ) -> __stario::Link<import_parameters<__Link, __stario::Set>> {
            let value = __stario::with_parameter::<
                Attempt,
                __Link,
                __Value,
            >(&self.0, "attempt", value);
            __stario::Link::new(import_parameters(value, ::core::marker::PhantomData))
        }
    }
    impl import {
        /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: U+FFFD stands there.
        pub fn url() -> __stario::Link<import_parameters<__stario::Url, __State1>> {
            __stario::Link::new(
                import_parameters(
                    {
                        let mut url = __stario::UrlBuilder::of::<__Routes>();
                        url.literal("import");
                        url.finish()
                    },
                    ::core::marker::PhantomData,
                ),
            )
        }
        /// The Datastar action that calls this handler.
        pub fn action() -> __stario::Link<
            import_parameters<__stario::Action, __State1>,
        > {
            __stario::Link::new(
                import_parameters(
                    __stario::Action::new(
                        "post",
                        __stario::Setters::link(&*Self::url()).clone(),
                        &[],
                    ),
                    ::core::marker::PhantomData,
                ),
            )
        }
    }
    type __Parameter0 = JsonBody<Vec<Row>>;
    static __PARAMETERS: [__stario::ParameterInfo; 5] = [
        __stario::ParameterInfo::new(
            __stario::Parameter::new("rows"),
            <__Parameter0 as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("page").with_default(),
            <QueryParam<u32> as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("user"),
            __stario::by_type::<_, __Routes>(::core::marker::PhantomData::<User>).info(),
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("attempt"),
            <Attempt as __stario::Argument<'_, __Routes, _>>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("config"),
            <State<Config> as __stario::FromRequest>::INFO,
        ),
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
                "`user` is no value of the request, so it tells no commands apart",
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
                            >(::core::marker::PhantomData::<User>),
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
    const __ENDPOINT: __stario::Endpoint = __stario::Endpoint {
        info: __stario::EndpointInfo {
            kind: __stario::HandlerKind::DurableCommand,
            method: "POST",
            path: "/import",
            headers: &[],
            handler: ::core::concat!(::core::module_path!(), "::", "import"),
            file: ::core::file!(),
            line: ::core::line!(),
            is_checked: true,
            body_limit: ::core::option::Option::None,
            timeout: ::core::option::Option::None,
            rate_limits: &[],
            caching: ::core::option::Option::None,
        },
        layer: ::core::option::Option::None,
        requirements: || __stario::requirements(&__PARAMETERS),
        call: |exchange, scope| ::std::boxed::Box::pin(async move {
            let dependencies = __stario::Dependencies::of(&scope);
            let answered = {
                let (exchange, dependencies) = (&*exchange, &dependencies);
                async move {
                    let inputs = scope;
                    let scope = &inputs;
                    if exchange.is_guarded() {
                        __stario::admit(scope, dependencies).await?;
                    }
                    let (
                        argument_0,
                        (argument_1, (argument_2, (argument_3, (argument_4, ())))),
                    ) = match __stario::resolve(
                            __stario::pair(
                                __PARAMETERS[0].reads_body(scope),
                                <__Parameter0 as __stario::Argument<
                                    '_,
                                    __Routes,
                                    _,
                                >>::take(scope, dependencies, &__PARAMETERS[0].parameter),
                                __stario::pair(
                                    __PARAMETERS[1].reads_body(scope),
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
                                        __PARAMETERS[2].reads_body(scope),
                                        __stario::by_type::<
                                            _,
                                            __Routes,
                                        >(::core::marker::PhantomData::<User>)
                                            .borrow(scope, dependencies),
                                        __stario::pair(
                                            __PARAMETERS[3].reads_body(scope),
                                            <Attempt as __stario::Argument<
                                                '_,
                                                __Routes,
                                                _,
                                            >>::take(scope, dependencies, &__PARAMETERS[3].parameter),
                                            __stario::pair(
                                                __PARAMETERS[4].reads_body(scope),
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
                            ),
                        )
                        .await
                    {
                        ::core::result::Result::Ok(values) => values,
                        ::core::result::Result::Err(rejection) => {
                            return ::core::result::Result::Err(
                                ::core::convert::From::from(rejection),
                            );
                        }
                    };
                    if !__stario::reads_body_later(&__PARAMETERS, scope) {
                        scope.close();
                    }
                    ::core::mem::drop(inputs);
                    ::core::result::Result::Ok({
                        let (values, group) = {
                            let mut values = __stario::ValuesWriter::new();
                            {
                                let value = argument_0.by_value();
                                <__stario::Kept<
                                    { __PARAMETERS[0].is_stored() },
                                > as __stario::Keep<
                                    JsonBody<Vec<Row>>,
                                    _,
                                >>::store(&value, "rows", &mut values)?;
                            }
                            {
                                let value = argument_1;
                                <__stario::Kept<
                                    { __PARAMETERS[1].is_stored() },
                                > as __stario::Keep<
                                    QueryParam<u32>,
                                    _,
                                >>::store(&value, "page", &mut values)?;
                            }
                            {
                                let value = argument_2;
                                <__stario::Kept<
                                    { __PARAMETERS[2].is_stored() },
                                > as __stario::Keep<
                                    User,
                                    _,
                                >>::store(value, "user", &mut values)?;
                            }
                            {
                                let value = argument_3.by_value();
                                <__stario::Kept<
                                    { __PARAMETERS[3].is_stored() },
                                > as __stario::Keep<
                                    Attempt,
                                    _,
                                >>::store(&value, "attempt", &mut values)?;
                            }
                            {
                                let value = argument_4.by_value();
                                <__stario::Kept<
                                    { __PARAMETERS[4].is_stored() },
                                > as __stario::Keep<
                                    State<Config>,
                                    _,
                                >>::store(&value, "config", &mut values)?;
                            }
                            let group = values.group_of("user");
                            (values, group)
                        };
                        __stario::enqueue(exchange, &__DURABLE.info, values, group)
                            .await?;
                        __stario::reply(())
                    })
                }
                    .await
            };
            __stario::complete(&exchange, answered).await
        }),
        durable: ::core::option::Option::Some(&__DURABLE),
    };
    __stario::inventory::submit! {
        __stario::Registration { app : ::core::any::TypeId::of:: < __Routes >, endpoint :
        __ENDPOINT }
    }
    impl __Routes {
        #[doc(hidden)]
        const two_handlers_answer_POST_import: () = ();
    }
};
