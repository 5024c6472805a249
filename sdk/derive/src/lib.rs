//! The derives behind weir-sdk: a column or an option is declared once, on a field of a struct.
//!
//! `#[derive(Columns)]` reads, on the struct, `#[columns(scope = "flow" | "direction", tags = [..])]` as
//! defaults, and on each field its doc comment (the definition) and
//! `#[column(unit, source, scope, tags, aliases, bits, tranalyzer = "name:format", null)]`.
//! `#[derive(Options)]` reads the doc comment of each field and `#[option(default = "..")]`.

mod columns;
mod options;

use proc_macro::TokenStream;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, Lit, Meta};

/// Declares the fields of a struct as columns.
#[proc_macro_derive(Columns, attributes(columns, column))]
pub fn derive_columns(input: TokenStream) -> TokenStream {
    expand(input, columns::expand)
}

/// Declares the fields of a struct as options of a plugin.
#[proc_macro_derive(Options, attributes(option))]
pub fn derive_options(input: TokenStream) -> TokenStream {
    expand(input, options::expand)
}

fn expand(
    input: TokenStream,
    work: impl FnOnce(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    work(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}

/// The named fields of a struct.
fn named_fields(input: &DeriveInput) -> syn::Result<impl Iterator<Item = &Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter()),
            _ => Err(syn::Error::new_spanned(input, "needs a struct with named fields")),
        },
        _ => Err(syn::Error::new_spanned(input, "needs a struct")),
    }
}

/// The doc comment as one text: lines joined by a space.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value),
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text of a string literal.
fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
