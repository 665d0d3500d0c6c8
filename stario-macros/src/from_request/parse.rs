//! Parses the type.

use proc_macro2::TokenStream;
use syn::DeriveInput;

pub(super) fn parse(item: TokenStream) -> syn::Result<DeriveInput> {
    syn::parse2(item)
}
