//! Model files → models. What a file is, its first bytes tell.

mod lightgbm;
mod native;
#[cfg(feature = "onnx")]
mod onnx;
mod xgboost;

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::{Missing, Model};

/// What a file may leave to its user: what XGBoost, LightGBM, and ONNX do not write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// What the model is called, if not like its file.
    pub model: Option<String>,
    /// Its classes.
    pub classes: Option<Vec<String>>,
    /// Its columns, in order.
    pub columns: Option<Vec<String>>,
    /// What an absent value means, for an ONNX file.
    pub missing: Option<Missing>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A model in the format of this plugin.
    Model,
    /// Several models and when each of them is asked.
    Chain,
    /// A booster as XGBoost saves it as JSON.
    XgBoost,
    /// A booster as LightGBM saves it as text.
    LightGbm,
}

/// The keys by which files are known.
#[derive(Deserialize)]
struct Keys {
    weir_model: Option<u64>,
    weir_chain: Option<u64>,
    learner: Option<IgnoredAny>,
}

/// The version of the formats that this plugin reads.
const VERSION: u64 = 1;

/// The text of a file.
///
/// # Errors
///
/// One sentence with the file and why it cannot be read.
pub fn read(path: &Path) -> Result<String, String> {
    let told = |reason: String| format!("cannot read model `{}`: {reason}", path.display());
    let bytes = std::fs::read(path).map_err(|error| told(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| told("it is no text, so it is no model file".into()))
}

/// What a text is.
///
/// # Errors
///
/// Why it is no model.
pub fn content(text: &str) -> Result<Content, String> {
    if text.starts_with("tree\n") || text.starts_with("tree\r\n") {
        return Ok(Content::LightGbm);
    }
    let help = "`weir.export` of the Python package writes one";
    let keys: Keys =
        serde_json::from_str(text).map_err(|error| format!("it is no model file ({error}); {help}"))?;
    let (version, content) = match keys {
        Keys { weir_model: Some(version), .. } => (version, Content::Model),
        Keys { weir_chain: Some(version), .. } => (version, Content::Chain),
        Keys { learner: Some(_), .. } => (VERSION, Content::XgBoost),
        _ => return Err(format!("it is JSON, but no model file; {help}")),
    };
    if version != VERSION {
        return Err(format!("it is of version {version}, and this program reads version {VERSION}"));
    }
    Ok(content)
}

/// The model in a file.
///
/// # Errors
///
/// One sentence with the file and what is wrong with it.
pub fn model(path: &Path, names: Names) -> Result<Model, String> {
    let told = |fault| format!("model `{}`: {fault}", path.display());
    let names = Names { model: Some(names.model.unwrap_or_else(|| stem(path))), ..names };
    if is_onnx(path) {
        return onnx(path, names).map_err(told);
    }
    let text = read(path)?;
    let loaded = content(&text).and_then(|content| match content {
        Content::Model => native::load(&text, names),
        Content::XgBoost => xgboost::load(&text, names),
        Content::LightGbm => lightgbm::load(&text, names),
        Content::Chain => Err("it is a chain, where a model is wanted".into()),
    });
    loaded.map_err(told)
}

/// Whether a file is one of ONNX, which is no text.
pub fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "onnx")
}

#[cfg(feature = "onnx")]
fn onnx(path: &Path, names: Names) -> Result<Model, String> {
    onnx::load(path, names)
}

#[cfg(not(feature = "onnx"))]
fn onnx(_: &Path, _: Names) -> Result<Model, String> {
    Err("it is an ONNX file, and this plugin was built without them; build it with `--features onnx`".into())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The classes of a booster: as named, or numbered from 0.
fn numbered(named: Option<Vec<String>>, count: usize) -> Vec<String> {
    named.unwrap_or_else(|| (0..count).map(|class| class.to_string()).collect())
}

#[cfg(test)]
mod tests;
