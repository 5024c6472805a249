//! `#[derive(Options)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Field, LitStr};

use crate::{documentation, named_fields};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let (mut declarations, mut defaults, mut arms) = (Vec::new(), Vec::new(), Vec::new());
    for field in named_fields(input)? {
        let (ident, ty) = (&field.ident, &field.ty);
        let option = ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let default = default_of(field)?;
        let definition = documentation(&field.attrs);
        if definition.is_empty() {
            return Err(syn::Error::new_spanned(field, "an option needs a doc comment: what it does"));
        }
        declarations.push(quote! {
            ::weir_sdk::options::OptionDeclaration {
                name: #option,
                kind: <#ty as ::weir_sdk::options::OptionValue>::KIND,
                default: #default,
                definition: #definition,
            }
        });
        defaults.push(quote!(#ident: ::weir_sdk::options::parse_option(#option, #default)?));
        arms.push(quote!(#option => options.#ident = ::weir_sdk::options::parse_option(#option, value)?));
    }
    Ok(quote! {
        impl ::weir_sdk::options::Options for #name {
            const DECLARATIONS: &'static [::weir_sdk::options::OptionDeclaration] = &[#(#declarations),*];

            fn parse(given: &[(&str, &str)]) -> ::core::result::Result<Self, ::std::string::String> {
                let mut options = Self { #(#defaults),* };
                for &(name, value) in given {
                    match name {
                        #(#arms,)*
                        _ => return Err(::std::format!("option `{name}` is unknown")),
                    }
                }
                Ok(options)
            }
        }
    })
}

fn default_of(field: &Field) -> syn::Result<String> {
    let mut default = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("option")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                default = Some(meta.value()?.parse::<LitStr>()?.value());
                Ok(())
            } else {
                Err(meta.error("only `default` is known here"))
            }
        })?;
    }
    default.ok_or_else(|| syn::Error::new_spanned(field, "an option needs `#[option(default = \"..\")]`"))
}
