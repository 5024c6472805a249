//! `#[derive(Columns)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Expr, Field, LitStr, bracketed, punctuated::Punctuated, token::Comma};

use crate::{documentation, named_fields};

/// What the attributes of a struct or field say; absent things stay absent.
#[derive(Clone, Default)]
struct Said {
    scope: Option<String>,
    unit: Option<String>,
    source: Option<String>,
    tags: Vec<String>,
    aliases: Vec<String>,
    bits: Option<Expr>,
    tranalyzer: Option<String>,
    null: Option<String>,
}

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut defaults = Said::default();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("columns")) {
        attribute.parse_nested_meta(|meta| defaults.hear(&meta))?;
    }
    let mut columns = Vec::new();
    let mut idents = Vec::new();
    for field in named_fields(input)? {
        columns.push(column(field, &defaults)?);
        idents.push(&field.ident);
    }
    let (places, bytes) = (0..idents.len(), idents.len().div_ceil(8));
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::weir_sdk::columns::Columns for #name #type_generics #where_clause {
            const COLUMNS: &'static [::weir_sdk::columns::Column] = &[#(#columns),*];

            fn append(self, buffers: &mut [::weir_sdk::columns::ColumnBuffer]) {
                // Taken apart once, so that their number is not checked again for each cell.
                let [#(#idents),*] = buffers else { ::core::panic!("one buffer per column") };
                #(::weir_sdk::columns::Cell::append(self.#idents, #idents);)*
            }

            fn put(self, row: usize, buffers: &mut [::weir_sdk::columns::ColumnBuffer], presence: &mut [u8]) {
                let [#(#idents),*] = buffers else { ::core::panic!("one buffer per column") };
                let mut present = [0; #bytes];
                #(present[#places / 8] |=
                    u8::from(::weir_sdk::columns::Cell::put(self.#idents, row, #idents)) << (#places % 8);)*
                presence.copy_from_slice(&present);
            }
        }
    })
}

impl Said {
    fn hear(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let Some(word) = meta.path.get_ident().map(ToString::to_string) else {
            return Err(meta.error("expected one word"));
        };
        match word.as_str() {
            "scope" => self.scope = Some(string(meta)?),
            "unit" => self.unit = Some(string(meta)?),
            "source" => self.source = Some(string(meta)?),
            "tranalyzer" => self.tranalyzer = Some(string(meta)?),
            "null" => self.null = Some(string(meta)?),
            "tags" => self.tags.extend(strings(meta)?),
            "aliases" => self.aliases.extend(strings(meta)?),
            "bits" => self.bits = Some(meta.value()?.parse()?),
            _ => {
                return Err(
                    meta.error("known here: scope, unit, source, tags, aliases, bits, tranalyzer, null")
                );
            }
        }
        Ok(())
    }
}

fn string(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn strings(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<String>> {
    let list;
    let value = meta.value()?;
    bracketed!(list in value);
    let literals = Punctuated::<LitStr, Comma>::parse_terminated(&list)?;
    Ok(literals.iter().map(LitStr::value).collect())
}

fn column(field: &Field, defaults: &Said) -> syn::Result<TokenStream> {
    let missing = |what: &str| syn::Error::new_spanned(field, format!("a column needs {what}"));
    let mut said = defaults.clone();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("column")) {
        attribute.parse_nested_meta(|meta| said.hear(&meta))?;
    }
    let definition = documentation(&field.attrs);
    if !definition.ends_with('.') {
        return Err(missing("a doc comment that defines it and ends with a full stop"));
    }
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let scope = match said.scope.as_deref() {
        Some("flow") => quote!(Flow),
        Some("direction") => quote!(Direction),
        _ => return Err(missing("`scope = \"flow\"` or `\"direction\"`, here or on the struct")),
    };
    let unit = said.unit.ok_or_else(|| missing("`unit = \"..\"`"))?;
    let source = said.source.ok_or_else(|| missing("`source = \"..\"`"))?;
    let tranalyzer = tranalyzer(said.tranalyzer.as_deref(), said.null.as_deref())
        .ok_or_else(|| missing("`tranalyzer = \"name:format\"`"))?;
    let bits = said.bits.map_or_else(|| quote!(&[]), |bits| quote!(#bits));
    let (ty, tags, aliases) = (&field.ty, &said.tags, &said.aliases);
    Ok(quote! {
        ::weir_sdk::columns::Column {
            name: #name,
            value: <#ty as ::weir_sdk::columns::Cell>::TYPE,
            scope: ::weir_sdk::columns::Scope::#scope,
            unit: #unit,
            definition: #definition,
            source: #source,
            tags: &[#(#tags),*],
            aliases: &[#(#aliases),*],
            bits: #bits,
            tranalyzer: #tranalyzer,
        }
    })
}

/// `name:format` and what stands for null; nothing if the attribute is malformed.
fn tranalyzer(said: Option<&str>, null: Option<&str>) -> Option<TokenStream> {
    let Some(said) = said else { return Some(quote!(::core::option::Option::None)) };
    let (name, format) = said.split_once(':')?;
    let null = null.unwrap_or_default();
    Some(quote! {
        ::core::option::Option::Some(::weir_sdk::columns::Tranalyzer { name: #name, format: #format, null: #null })
    })
}
