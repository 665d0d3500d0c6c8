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
crate::app::__stario::items! {
    __STARIO_user {
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
        __stario::setters! {
            user_parameters [__State0: name, __State2: session] optional {
                page: " Sets `page` in the query." "page" [__stario::QueryValue<QueryParam<u32>>];
            }
            required {
                name: " Sets `name` in the query." "name" [__stario::QueryValue<QueryParam<String>>] [__stario::Set, __State2];
                session: " Sets `session` in the query." "session" [__stario::QueryValue<Session>] [__State0, __stario::Set];
            }
        }
        __stario::links! {
            user user_parameters [__State0, __State2];
            url<T0>(id: T0)(id) where [PathParam<u32>: __stario::PathSource, T0: __stario::UrlValue<<PathParam<u32> as __stario::PathSource>::Value>,] {
                __stario::UrlBuilder::of::<__Routes>()
                    .literal("users")
                    .value::<PathParam<u32>, _>(&id)
                    .literal("posts")
                    .finish()
            };
            action "get" [] where [PathParam<u32>: __stario::PathSource, T0: __stario::UrlValue<<PathParam<u32> as __stario::PathSource>::Value>,] {};
        }
        type __Parameter3 = <__stario::ReadBy<
            {
                use __stario::UnprobedSignals as _;
                __stario::SignalsProbe::<Signals<Filter>>::BY_FIELDS
            },
        > as __stario::SourceFor<Signals<Filter>>>::Source;
        static __PARAMETERS: [__stario::ParameterInfo; 8] = [
            <PathParam<u32> as __stario::FromRequest>::INFO.named("id"),
            <QueryParam<String> as __stario::FromRequest>::INFO.named("name"),
            <QueryParam<u32> as __stario::FromRequest>::INFO.named("page").with_default(),
            <__Parameter3 as __stario::FromRequest>::INFO.named("filter"),
            <State<Config> as __stario::FromRequest>::INFO.named("config"),
            <Session as __stario::Argument<'_, __Routes, _>>::INFO.named("session"),
            __stario::by_type::<_, __Routes>(__stario::PhantomData::<Database>)
                .info()
                .named("database"),
            __stario::by_name::<replica, _>(__stario::PhantomData::<Database>)
                .info()
                .named("replica"),
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
        __stario::endpoint! {
            info: Query "GET" "/users/{id}/posts" "user" {},
            layer: {
                __stario::None
            },
            durable: {
                __stario::None
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
                    let (
                        argument_0,
                        (
                            argument_1,
                            (
                                argument_2,
                                (argument_3, (argument_4, (argument_5, (argument_6, (argument_7, ()))))),
                            ),
                        ),
                    ) = __stario::pair(
                        <PathParam<
                            u32,
                        > as __stario::Argument<
                            '_,
                            __Routes,
                            _,
                        >>::take(scope, dependencies, &__PARAMETERS[0].parameter),
                        __stario::pair(
                            <QueryParam<
                                String,
                            > as __stario::Argument<
                                '_,
                                __Routes,
                                _,
                            >>::take(scope, dependencies, &__PARAMETERS[1].parameter),
                            __stario::pair(
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
                                    <__Parameter3 as __stario::Argument<
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
                                        __stario::pair(
                                            <Session as __stario::Argument<
                                                '_,
                                                __Routes,
                                                _,
                                            >>::take(scope, dependencies, &__PARAMETERS[5].parameter),
                                            __stario::pair(
                                                __stario::by_type::<
                                                    _,
                                                    __Routes,
                                                >(__stario::PhantomData::<Database>)
                                                    .borrow(scope, dependencies),
                                                __stario::pair(
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
                }
            }
            after {}
            answer {
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
                        return __stario::without_value(answered);
                    }
                }
            }
        }
        __stario::inventory::submit! {
            __stario::Registration { app : ::core::any::TypeId::of:: < __Routes >, endpoint :
            __ENDPOINT }
        }
        impl __Routes {
            #[doc(hidden)]
            const two_handlers_answer_GET_users_PARAM_posts: () = ();
        }
    }
}
