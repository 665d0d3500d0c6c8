//! What is the same in the expansions of all handlers; providers and hooks use `__arguments`, too. The attributes call these
//! macros, because a macro of this kind is expanded faster than an attribute.
//!
//! `__items` writes a constant that hides names. The others are called inside of it, where the attribute has imported the runtime as
//! `__stario`, and written the static `__PARAMETERS`: what is known of the function's parameters.

/// Puts items into a constant, so that their names are not visible outside of it. The constant has a name, because a
/// constant with a name may stand in an `impl` block: there rustc reports only the type that has the handler's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __items {
    ($name:ident $items:tt) => {
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
        const $name: () = $items;
    };
}

/// Writes the struct around a link, whose methods set the parameters that the query may hold.
///
/// A parameter that may be required has a state in the struct's type, and a trait in `given` that says whether it is set.
#[doc(hidden)]
#[macro_export]
macro_rules! __setters {
    (
        $name:ident [$($state:ident: $given:ident),*]
        optional { $($method:ident: $summary:tt $key:tt [$($value:tt)*];)* }
        required { $($setter:ident: $about:tt $field:tt [$($given_value:tt)*] [$($after:ty),*];)* }
    ) => {
        pub struct $name<__Link, $($state),*>(__Link, __stario::PhantomData<($($state,)*)>);

        impl<__Link: __stario::Target, $($state),*> __stario::Setters for $name<__Link, $($state),*> {
            type Link = __Link;

            fn link(&self) -> &__Link {
                &self.0
            }

            fn with(&self, link: __Link) -> Self {
                $name(link, __stario::PhantomData)
            }
        }

        impl<__Link: __stario::Target, $($state),*> __stario::Complete for $name<__Link, $($state),*>
        where
            $($state: given::$given),*
        {
        }

        impl<__Link: __stario::Target, $($state),*> $name<__Link, $($state),*> {
            $(
                #[doc = $summary]
                pub fn $method<__Value: $($value)*>(&self, value: __Value) -> __stario::Link<Self> {
                    __stario::set_parameter(self, $key, value)
                }
            )*

            $(
                #[doc = $about]
                pub fn $setter<__Value: $($given_value)*>(
                    &self,
                    value: __Value,
                ) -> __stario::Link<$name<__Link, $($after),*>> {
                    let link = __stario::with_parameter(&self.0, $field, value);
                    __stario::Link::new($name(link, __stario::PhantomData))
                }
            )*
        }
    };
}

/// Writes the functions `url(..)` and `action(..)` of a handler. They return the struct around the link, if there is one.
#[doc(hidden)]
#[macro_export]
macro_rules! __links {
    (
        $name:ident;
        $url:ident<$($generic:ident),*> $parameters:tt $arguments:tt where [$($bounds:tt)*] { $($path:tt)* };
        $action:ident $method:tt $headers:tt where [$($action_bounds:tt)*] { $($hidden:tt)* };
    ) => {
        impl $name {
            /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: U+FFFD stands there.
            pub fn $url<$($generic),*> $parameters -> __stario::Url
            where
                $($bounds)*
            {
                $($path)*
            }

            /// The Datastar action that calls this handler.
            $($hidden)*
            pub fn $action<$($generic),*> $parameters -> __stario::Action
            where
                $($action_bounds)*
            {
                __stario::Action::new($method, Self::$url $arguments, &$headers)
            }
        }
    };
    (
        $name:ident $setters:ident [$($state:ident),*];
        $url:ident<$($generic:ident),*> $parameters:tt $arguments:tt where [$($bounds:tt)*] { $($path:tt)* };
        $action:ident $method:tt $headers:tt where [$($action_bounds:tt)*] { $($hidden:tt)* };
    ) => {
        impl $name {
            /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: U+FFFD stands there.
            pub fn $url<$($generic),*> $parameters -> __stario::Link<$setters<__stario::Url, $($state),*>>
            where
                $($bounds)*
            {
                __stario::Link::new($setters($($path)*, __stario::PhantomData))
            }

            /// The Datastar action that calls this handler.
            $($hidden)*
            pub fn $action<$($generic),*> $parameters -> __stario::Link<$setters<__stario::Action, $($state),*>>
            where
                $($action_bounds)*
            {
                let link = __stario::Action::of_link($method, &Self::$url $arguments, &$headers);
                __stario::Link::new($setters(link, __stario::PhantomData))
            }
        }
    };
}

/// Writes the statements that resolve the parameters of a function into variables, or return the first rejection. One parameter
/// is awaited, several are resolved together.
#[doc(hidden)]
#[macro_export]
macro_rules! __arguments {
    ($scope:ident: let $value:ident = $($parameter:tt)*) => {
        let $value = match $($parameter)*.await {
            __stario::Ok(value) => value,
            __stario::Err(rejection) => return __stario::Err(__stario::From::from(rejection)),
        };
    };
    ($scope:ident: let $values:tt = $($parameters:tt)*) => {
        let parameters = $($parameters)*;
        let $values = match if __stario::are_ready(&__PARAMETERS) {
            __stario::resolve_now(parameters)
        } else {
            __stario::resolve(__stario::waiting(&__PARAMETERS, $scope), parameters).await
        } {
            __stario::Ok(values) => values,
            __stario::Err(rejection) => return __stario::Err(__stario::From::from(rejection)),
        };
    };
}

/// Writes the runtime's `Endpoint` as the constant `__ENDPOINT`.
///
/// `call` is the way of each request through a handler: guards, parameters, the function, and its answer. The names of its
/// variables come from the attribute, because the code that the attribute writes uses them; so does what makes a future of it,
/// because rustc names the place of these tokens if the future is not `Send`.
#[doc(hidden)]
#[macro_export]
macro_rules! __endpoint {
    (
        info: $kind:ident $method:tt $path:tt $handler:tt { $($options:tt)* },
        layer: { $($layer:tt)* },
        durable: { $($durable:tt)* },
        call: { $($pin:tt)* } { $($block:tt)* } ($exchange:ident, $scope:ident, $dependencies:ident),
        before { $($limits_by_client:tt)* }
        arguments { $($arguments:tt)* }
        after { $($limits_by_value:tt)* }
        answer $answer:tt
    ) => {
        const __ENDPOINT: __stario::Endpoint = __stario::Endpoint {
            info: __stario::EndpointInfo {
                $($options)*
                ..__stario::EndpointInfo::new(
                    __stario::HandlerKind::$kind,
                    $method,
                    $path,
                    ::core::concat!(::core::module_path!(), "::", $handler),
                    ::core::file!(),
                    ::core::line!(),
                )
            },
            layer: $($layer)*,
            requirements: || __stario::requirements(&__PARAMETERS),
            call: |$exchange, $scope| {
                // A release build makes the future in its final memory; by `Box::pin` it would be copied there.
                let future = __stario::Box::write(__stario::Box::new_uninit(), $($block)* {
                    let $dependencies = __stario::Dependencies::of(&$scope);
                    let answer = {
                        let ($exchange, $dependencies) = (&*$exchange, &$dependencies);
                        let inputs = $scope;
                        let $scope = &inputs;
                        $($limits_by_client)*
                        if $exchange.is_guarded() {
                            __stario::admit($scope, $dependencies).await?;
                        }
                        $($arguments)*
                        $($limits_by_value)*
                        __stario::close(&__PARAMETERS, inputs);
                        $answer
                    };
                    // Only a stream of events goes on behind its head.
                    match answer {
                        __stario::Answer::Events(frames) => __stario::complete(&$exchange, frames).await,
                        __stario::Answer::Whole(whole) => __stario::Ok(whole),
                    }
                });
                $($pin)*(future)
            },
            durable: $($durable)*,
        };
    };
}
