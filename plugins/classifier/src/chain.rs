//! Chains: several models, and when each of them is asked.
//!
//! A model is always asked, or only where earlier ones gave certain classes. The label of a row is that of the last
//! model that was asked and gave one.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::load::{self, Content, Names};
use crate::model::{Missing, Model};

/// A model and when it is asked.
pub struct Link {
    /// The model.
    pub model: Model,
    /// Earlier models by their places, each with the classes of which it must have given one.
    pub when: Vec<(usize, Vec<usize>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "weir_chain")]
    _version: u64,
    models: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    name: Option<String>,
    #[serde(default)]
    when: BTreeMap<String, Vec<String>>,
    classes: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    missing: Option<Missing>,
}

/// The models of a file: one, or those of a chain.
///
/// # Errors
///
/// One sentence with the file and what is wrong with it.
pub fn open(path: &Path, classes: Option<Vec<String>>) -> Result<Vec<Link>, String> {
    let text = if load::is_onnx(path) { String::new() } else { load::read(path)? };
    if !matches!(load::content(&text), Ok(Content::Chain)) {
        let model = load::model(path, Names { classes, ..Names::default() })?;
        return Ok(vec![Link { model, when: Vec::new() }]);
    }
    let told = |fault: String| format!("chain `{}`: {fault}", path.display());
    let file: File = serde_json::from_str(&text).map_err(|error| told(error.to_string()))?;
    if file.models.is_empty() || classes.is_some() {
        return Err(told("it names no model, or its classes are named beside it instead of in it".into()));
    }
    let mut links: Vec<Link> = Vec::new();
    for entry in file.models {
        let link = link(entry, &links, path.parent().unwrap_or(Path::new("."))).map_err(told)?;
        links.push(link);
    }
    Ok(links)
}

fn link(entry: Entry, earlier: &[Link], folder: &Path) -> Result<Link, String> {
    let Entry { name: model, classes, columns, missing, .. } = entry;
    let names = Names { model, classes, columns, missing };
    let model = load::model(&folder.join(entry.file), names)?;
    if earlier.iter().any(|link| link.model.name == model.name) {
        return Err(format!("two models are called `{}`; give one of them another `name`", model.name));
    }
    let when = entry.when.iter().map(|(name, classes)| condition(name, classes, earlier));
    Ok(Link { when: when.collect::<Result<_, _>>()?, model })
}

fn condition(name: &str, classes: &[String], earlier: &[Link]) -> Result<(usize, Vec<usize>), String> {
    let names = earlier.iter().map(|link| link.model.name.as_str());
    let place = find(name, names).map_err(|hint| format!("no model before it is called `{name}`{hint}"))?;
    let known = &earlier[place].model.classes;
    let place_of = |class: &String| {
        find(class, known.iter().map(String::as_str))
            .map_err(|hint| format!("model `{name}` has no class `{class}`{hint}"))
    };
    Ok((place, classes.iter().map(place_of).collect::<Result<_, _>>()?))
}

/// The place of a name, or a hint at one that may be meant.
fn find<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Result<usize, String> {
    names.clone().position(|name| name == wanted).ok_or_else(|| {
        let nearest = names.min_by_key(|name| strsim::damerau_levenshtein(wanted, name));
        nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
    })
}

impl Link {
    /// Whether it is asked about a row, by what the models before it gave.
    pub fn is_asked(&self, given: impl Fn(usize) -> Option<usize>) -> bool {
        self.when.iter().all(|(model, classes)| given(*model).is_some_and(|class| classes.contains(&class)))
    }
}
