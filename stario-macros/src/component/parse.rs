//! Reads the signature of a component as a list of properties, and gives each lifetime and type in it a name.

use proc_macro2::Span;
use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, FnArg, GenericParam, Generics, Ident, ItemFn, Lifetime, LifetimeParam,
    ParenthesizedGenericArguments, Pat, Type, TypeFnPtr, TypeParam, parse_quote,
};

/// A function and what its arguments mean.
pub(super) struct Component {
    /// The function as it was written, without `#[default]`.
    pub(super) function: ItemFn,
    /// The generics of the function and those made of elided lifetimes and `impl Trait`.
    pub(super) generics: Generics,
    pub(super) properties: Vec<Property>,
}

pub(super) struct Property {
    pub(super) name: Ident,
    /// The type of the property with names for all that it leaves out, so that a field can have it.
    pub(super) ty: Type,
    pub(super) need: Need,
}

/// The value of a property that a tag does not give.
pub(super) enum Need {
    Required,
    /// The property is an `Option<T>`, which a tag gives as `T` or as `Option<T>`. It is `None` if it is not given.
    Optional(Type),
    /// The property has a `#[default(value)]`.
    Default(Expr),
    /// The property is the children of the tag, which may have none.
    Children,
}

/// Reads a checked function.
pub(super) fn parse(function: ItemFn) -> Component {
    let mut generics = function.sig.generics.clone();
    let mut properties = Vec::new();
    let mut names = Names { lifetimes: Vec::new(), types: Vec::new() };
    for argument in &function.sig.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        let Pat::Ident(pattern) = &*argument.pat else { continue };
        let name = pattern.ident.clone();
        let mut ty = (*argument.ty).clone();
        names.visit_type_mut(&mut ty);
        let default = argument.attrs.iter().find_map(|attribute| attribute.parse_args::<Expr>().ok());
        let need = match (default, option_of(&ty)) {
            (Some(value), _) => Need::Default(value),
            (None, Some(inner)) => Need::Optional(inner),
            (None, None) if name == "children" => Need::Children,
            (None, None) => Need::Required,
        };
        properties.push(Property { name, ty, need });
    }
    for (at, lifetime) in names.lifetimes.into_iter().enumerate() {
        generics.params.insert(at, GenericParam::Lifetime(LifetimeParam::new(lifetime)));
    }
    generics.params.extend(names.types.into_iter().map(GenericParam::Type));
    Component { function: without_markers(function), generics, properties }
}

/// Removes the attributes that only a component has.
pub(super) fn without_markers(mut function: ItemFn) -> ItemFn {
    for argument in &mut function.sig.inputs {
        if let FnArg::Typed(argument) = argument {
            argument.attrs.clear();
        }
    }
    function
}

/// Returns the `T` of a type that is written `Option<T>`. An `Option` under another name works, too: that property is
/// required, and a tag gives it as an `Option`.
fn option_of(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(inner)) => Some(inner.clone()),
        _ => None,
    }
}

/// Gives names to the lifetimes and types that a function's signature may leave out and a struct may not.
struct Names {
    lifetimes: Vec<Lifetime>,
    types: Vec<TypeParam>,
}

impl Names {
    fn lifetime(&mut self) -> Lifetime {
        let lifetime = Lifetime::new(&format!("'__p{}", self.lifetimes.len()), Span::mixed_site());
        self.lifetimes.push(lifetime.clone());
        lifetime
    }
}

impl VisitMut for Names {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(bounds) = ty {
            let name = format_ident!("__P{}", self.types.len());
            let bounds = &bounds.bounds;
            self.types.push(parse_quote!(#name: #bounds));
            *ty = parse_quote!(#name);
            return;
        }
        if let Type::Reference(reference) = ty
            && reference.lifetime.is_none()
        {
            reference.lifetime = Some(self.lifetime());
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.lifetime();
        }
    }

    // A lifetime that is left out inside of these belongs to the inner signature.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}
}
