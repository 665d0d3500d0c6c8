/// Shows a user.
#[allow(
    clippy::unused_async,
    clippy::needless_pass_by_value,
    clippy::ptr_arg,
    clippy::borrowed_box,
    clippy::trivially_copy_pass_by_ref,
)]
async fn user(
    id: PathParam<u32>,
    name: QueryParam<String>,
    page: QueryParam<u32>,
    filter: Signals<Filter>,
    config: State<Config>,
    session: Session,
    database: &Database,
    replica: &Database,
) -> Result<Html> {
    todo!()
}
/// Links to `user`, which answers `GET /users/{id}/posts`.
#[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
struct user {}
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
const __STARIO_user: () = {
    use crate::app::{Routes as __Routes, __stario};
    pub mod given {
        #[diagnostic::on_unimplemented(
            message = "the query parameter `name` of this link is not set",
            label = "`name` is missing",
            note = "the handler requires it: set it by `.name(..)`, or give the parameter a `#[default(..)]` or an `Option`"
        )]
        pub trait name {}
        impl name for crate::app::__stario::Set {}
        impl name for crate::app::__stario::Unset<false> {}
        #[diagnostic::on_unimplemented(
            message = "the query parameter `session` of this link is not set",
            label = "`session` is missing",
            note = "the handler requires it: set it by `.session(..)`, or give the parameter a `#[default(..)]` or an `Option`"
        )]
        pub trait session {}
        impl session for crate::app::__stario::Set {}
        impl session for crate::app::__stario::Unset<false> {}
    }
    type __State0 = __stario::Unset<
        {
            use __stario::Unprobed as _;
            __stario::Probe::<QueryParam<String>>::READS_ONE
                && !__stario::Probe::<QueryParam<String>>::READS_OPTION
        },
    >;
    type __State2 = __stario::Unset<
        {
            use __stario::Unprobed as _;
            __stario::Probe::<Session>::READS_ONE
                && !__stario::Probe::<Session>::READS_OPTION
        },
    >;
    pub struct user_parameters<__Link, __State0, __State2>(
        __Link,
        __stario::PhantomData<(__State0, __State2)>,
    );
    impl<__Link: __stario::Target, __State0, __State2> __stario::Setters
    for user_parameters<__Link, __State0, __State2> {
        type Link = __Link;
        fn link(&self) -> &__Link {
            &self.0
        }
        fn with(&self, link: __Link) -> Self {
            user_parameters(link, __stario::PhantomData)
        }
    }
    impl<__Link: __stario::Target, __State0, __State2> __stario::Complete
    for user_parameters<__Link, __State0, __State2>
    where
        __State0: given::name,
        __State2: given::session,
    {}
    impl<
        __Link: __stario::Target,
        __State0,
        __State2,
    > user_parameters<__Link, __State0, __State2> {
        /// Sets `name` in the query.
        pub fn name<__Value: __stario::QueryValue<QueryParam<String>>>(
            &self,
            value: __Value,
        ) -> __stario::Link<user_parameters<__Link, __stario::Set, __State2>> {
            __stario::Link::new(
                user_parameters(
                    __stario::with_parameter::<
                        QueryParam<String>,
                        __Link,
                        __Value,
                    >(&self.0, "name", value),
                    __stario::PhantomData,
                ),
            )
        }
        /// Sets `page` in the query.
        pub fn page<__Value: __stario::QueryValue<QueryParam<u32>>>(
            &self,
            value: __Value,
        ) -> __stario::Link<Self> {
            __stario::set_parameter::<
                QueryParam<u32>,
                Self,
                __Value,
            >(self, "page", value)
        }
        /// Sets `session` in the query.
        pub fn session<__Value: __stario::QueryValue<Session>>(
            &self,
            value: __Value,
        ) -> __stario::Link<user_parameters<__Link, __State0, __stario::Set>> {
            __stario::Link::new(
                user_parameters(
                    __stario::with_parameter::<
                        Session,
                        __Link,
                        __Value,
                    >(&self.0, "session", value),
                    __stario::PhantomData,
                ),
            )
        }
    }
    impl user {
        /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: U+FFFD stands there.
        pub fn url<T0>(
            id: T0,
        ) -> __stario::Link<user_parameters<__stario::Url, __State0, __State2>>
        where
            PathParam<u32>: __stario::PathSource,
            T0: __stario::UrlValue<<PathParam<u32> as __stario::PathSource>::Value>,
        {
            __stario::Link::new(
                user_parameters(
                    __stario::UrlBuilder::of::<__Routes>()
                        .literal("users")
                        .value::<PathParam<u32>, _>(&id)
                        .literal("posts")
                        .finish(),
                    __stario::PhantomData,
                ),
            )
        }
        /// The Datastar action that calls this handler.
        pub fn action<T0>(
            id: T0,
        ) -> __stario::Link<user_parameters<__stario::Action, __State0, __State2>>
        where
            PathParam<u32>: __stario::PathSource,
            T0: __stario::UrlValue<<PathParam<u32> as __stario::PathSource>::Value>,
        {
            __stario::Link::new(
                user_parameters(
                    __stario::Action::of_link("get", &Self::url(id), &[]),
                    __stario::PhantomData,
                ),
            )
        }
    }
    type __Parameter3 = <__stario::ReadBy<
        {
            use __stario::UnprobedSignals as _;
            __stario::SignalsProbe::<Signals<Filter>>::BY_FIELDS
        },
    > as __stario::SourceFor<Signals<Filter>>>::Source;
    static __PARAMETERS: [__stario::ParameterInfo; 8] = [
        __stario::ParameterInfo::new(
            __stario::Parameter::new("id"),
            <PathParam<u32> as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("name"),
            <QueryParam<String> as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("page").with_default(),
            <QueryParam<u32> as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("filter"),
            <__Parameter3 as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("config"),
            <State<Config> as __stario::FromRequest>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("session"),
            <Session as __stario::Argument<'_, __Routes, _>>::INFO,
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("database"),
            __stario::by_type::<_, __Routes>(__stario::PhantomData::<Database>).info(),
        ),
        __stario::ParameterInfo::new(
            __stario::Parameter::new("replica"),
            __stario::by_name::<replica, _>(__stario::PhantomData::<Database>).info(),
        ),
    ];
    const _: () = {
        __PARAMETERS[3].expect_no_body();
        __PARAMETERS[5]
            .expect_no_capture(
                "`session` is read from the path, but \"/users/{id}/posts\" has no `{session}`",
            );
        __PARAMETERS[5].expect_no_body();
        __PARAMETERS[5]
            .expect_beside(
                &__PARAMETERS[3],
                true,
                "`filter` reads the request's body already, and it can be read once",
                "`filter` is a `Writer` already, and a handler has one",
            );
    };
    const __ENDPOINT: __stario::Endpoint = __stario::Endpoint {
        info: __stario::EndpointInfo::new(
            __stario::HandlerKind::Query,
            "GET",
            "/users/{id}/posts",
            ::core::concat!(::core::module_path!(), "::", "user"),
            ::core::file!(),
            ::core::line!(),
        ),
        layer: __stario::None,
        requirements: || __stario::requirements(&__PARAMETERS),
        call: |exchange, scope| __stario::Box::pin(async move {
            let dependencies = __stario::Dependencies::of(&scope);
            let answered = {
                let (exchange, dependencies) = (&*exchange, &dependencies);
                async move {
                    let inputs = scope;
                    let scope = &inputs;
                    if exchange.is_guarded() {
                        __stario::admit(scope, dependencies).await?;
                    }
                    let parameters = __stario::pair(
                        __PARAMETERS[0].reads_body(scope),
                        <PathParam<
                            u32,
                        > as __stario::Argument<
                            '_,
                            __Routes,
                            _,
                        >>::take(scope, dependencies, &__PARAMETERS[0].parameter),
                        __stario::pair(
                            __PARAMETERS[1].reads_body(scope),
                            <QueryParam<
                                String,
                            > as __stario::Argument<
                                '_,
                                __Routes,
                                _,
                            >>::take(scope, dependencies, &__PARAMETERS[1].parameter),
                            __stario::pair(
                                __PARAMETERS[2].reads_body(scope),
                                __stario::or_default(
                                    <QueryParam<
                                        u32,
                                    > as __stario::FromRequest>::from_request(
                                        scope,
                                        &__PARAMETERS[2].parameter,
                                    ),
                                    || <QueryParam<u32> as __stario::Defaulted>::from_default(1),
                                ),
                                __stario::pair(
                                    __PARAMETERS[3].reads_body(scope),
                                    <__Parameter3 as __stario::Argument<
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
                                        __stario::pair(
                                            __PARAMETERS[5].reads_body(scope),
                                            <Session as __stario::Argument<
                                                '_,
                                                __Routes,
                                                _,
                                            >>::take(scope, dependencies, &__PARAMETERS[5].parameter),
                                            __stario::pair(
                                                __PARAMETERS[6].reads_body(scope),
                                                __stario::by_type::<
                                                    _,
                                                    __Routes,
                                                >(__stario::PhantomData::<Database>)
                                                    .borrow(scope, dependencies),
                                                __stario::pair(
                                                    __PARAMETERS[7].reads_body(scope),
                                                    __stario::by_name::<
                                                        replica,
                                                        _,
                                                    >(__stario::PhantomData::<Database>)
                                                        .borrow(scope, dependencies),
                                                    (),
                                                ),
                                            ),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                    );
                    let (
                        argument_0,
                        (
                            argument_1,
                            (
                                argument_2,
                                (
                                    argument_3,
                                    (argument_4, (argument_5, (argument_6, (argument_7, ())))),
                                ),
                            ),
                        ),
                    ) = match if const { __stario::are_ready(&__PARAMETERS) } {
                        __stario::resolve_now(parameters)
                    } else {
                        __stario::resolve(parameters).await
                    } {
                        __stario::Ok(values) => values,
                        __stario::Err(rejection) => {
                            return __stario::Err(__stario::From::from(rejection));
                        }
                    };
                    if !__stario::reads_body_later(&__PARAMETERS, scope) {
                        scope.close();
                    }
                    __stario::drop(inputs);
                    __stario::Ok({
                        use __stario::NotOptionOrResult as _;
                        match __stario::Opened(
                                __stario::ControlFlow::Continue(
                                    user(
                                            argument_0.by_value(),
                                            argument_1.by_value(),
                                            argument_2,
                                            <__stario::ReadBy<
                                                {
                                                    use __stario::UnprobedSignals as _;
                                                    __stario::SignalsProbe::<Signals<Filter>>::BY_FIELDS
                                                },
                                            > as __stario::SourceFor<
                                                Signals<Filter>,
                                            >>::value(argument_3.by_value()),
                                            argument_4.by_value(),
                                            argument_5.by_value(),
                                            argument_6,
                                            argument_7,
                                        )
                                        .await,
                                ),
                            )
                            .present()
                            .success()
                            .present()
                            .0
                        {
                            __stario::ControlFlow::Continue(value) => {
                                __stario::expect_nothing_if::<
                                    { __stario::has_writer(&__PARAMETERS) },
                                    _,
                                >(&value);
                                __stario::reply(value)
                            }
                            __stario::ControlFlow::Break(answered) => {
                                return __stario::Answer::without_value(answered);
                            }
                        }
                    })
                }
                    .await
            };
            match answered {
                __stario::Ok(__stario::Answer::Events(frames)) => {
                    __stario::complete(&exchange, frames).await
                }
                __stario::Ok(__stario::Answer::Whole(whole)) => __stario::Ok(whole),
                __stario::Err(error) => __stario::Err(error),
            }
        }),
        durable: __stario::None,
    };
    __stario::inventory::submit! {
        __stario::Registration { app : ::core::any::TypeId::of:: < __Routes >, endpoint :
        __ENDPOINT }
    }
    impl __Routes {
        #[doc(hidden)]
        const two_handlers_answer_GET_users_PARAM_posts: () = ();
    }
};
