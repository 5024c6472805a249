//! Labels finished rows by models that were trained elsewhere.
//!
//! The option `model` names a file: a model as `weir.export` of the Python package writes it, XGBoost's JSON,
//! LightGBM's text, or a chain of such files. The models read columns of the run by their names in its header; what they
//! say of a row stands in columns of its own. `docs/models.md` describes the files.

pub mod chain;
pub mod estimator;
pub mod load;
pub mod matrix;
pub mod model;
pub mod step;
pub mod verdict;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use weir_sdk::{
    Ahead, Columns, FinishedRow, FinishedRows, Given, Options, RowPlugin, Side, Start, export_row_plugin,
};

use chain::Link;
use model::Input;
use verdict::{Opinion, Place, Verdict};

/// Models at work.
pub struct Classifier {
    links: Arc<Vec<Link>>,
    wants: Vec<String>,
    /// For each model, where its inputs stand.
    inputs: Vec<Vec<Place>>,
    lists_probabilities: bool,
    of_conversations: bool,
    /// For each row of the batch; none where the row of a conversation does not show it.
    verdicts: Vec<Option<Verdict>>,
}

/// Which models, and what is said of them.
#[derive(Options)]
pub struct Settings {
    /// File of a model or of a chain of models; must be named.
    #[option(default = "")]
    model: String,
    /// Names of the classes, with commas between them, for a file that does not name them.
    #[option(default = "")]
    classes: String,
    /// Whether the probabilities of all classes are listed, too.
    #[option(default = "off")]
    probabilities: bool,
}

/// One row. In rows of conversations the models read columns of both directions, in rows of directions those of one.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "flow", unit = "none", source = "model file")]
pub struct Row<'a> {
    /// Class that the last model gave of those that were asked about the row; absent if none was asked, if a value
    /// was absent that the model cannot do without, or if its numbers led nowhere.
    pub class_label: Option<&'a str>,
    /// Probability of `class_label` by the model that gave it; absent if that gives no probabilities. For a support
    /// vector machine the class of highest probability may be another one.
    #[column(unit = "ratio 0–1")]
    pub class_probability: Option<f64>,
    /// Name of the model that gave `class_label`: as the chain has it, or its file without folder and extension.
    pub class_model: Option<&'a str>,
    /// For each model, in the order of the chain, the class that it gave; an empty text where it gave none.
    pub class_opinions: Vec<&'a str>,
    /// The classes of the model that gave `class_label`, in its order; absent unless the option `probabilities` is
    /// on.
    pub class_candidates: Option<Vec<&'a str>>,
    /// For each of `class_candidates`, its probability; absent unless the option `probabilities` is on, and if the
    /// model gives none.
    #[column(unit = "ratio 0–1")]
    pub class_probabilities: Option<Vec<f64>>,
}

impl RowPlugin for Classifier {
    const NAME: &'static str = "classifier";
    const SUMMARY: &'static str = "labels rows by models that were trained elsewhere";
    const ORDER: u16 = 950;
    const ON_BY_DEFAULT: bool = false;
    const NEEDS: &'static [&'static str] = &[];

    type Options = Settings;
    type Row<'a> = Row<'a>;

    fn open(settings: Settings) -> Result<Self, String> {
        if settings.model.is_empty() {
            return Err("option `model` names no file; set it with `-o classifier.model=FILE`".into());
        }
        let classes = Some(settings.classes).filter(|classes| !classes.is_empty());
        let classes =
            classes.map(|classes| classes.split(',').map(|class| class.trim().to_owned()).collect());
        let links = opened(Path::new(&settings.model), classes)?;
        Ok(Self::of(links, settings.probabilities))
    }

    fn wants(&self) -> Vec<String> {
        self.wants.clone()
    }

    fn prepare(&mut self, ahead: &Ahead<'_>) -> Result<(), String> {
        self.of_conversations = ahead.of_conversations;
        for link in self.links.iter() {
            let inputs = link.model.inputs.iter();
            let fault = inputs.filter_map(|input| misfit(input, ahead.columns)).next();
            if let Some(fault) = fault {
                return Err(format!("model `{}` reads column {fault}", link.model.name));
            }
        }
        Ok(())
    }

    fn started(&mut self, _start: &Start) {}

    fn batch(&mut self, rows: &FinishedRows<'_>) {
        // The row of a conversation shows what stands with A.
        let is_shown = |row: &FinishedRow<'_>| !self.of_conversations || row.letter() == Side::A;
        let asked: Vec<usize> = rows.iter().filter(is_shown).map(|row| row.index()).collect();
        let verdicts = verdict::ask(&self.links, &self.inputs, rows, &asked);
        self.verdicts.clear();
        self.verdicts.resize(rows.len(), None);
        for (at, verdict) in asked.into_iter().zip(verdicts) {
            self.verdicts[at] = Some(verdict);
        }
    }

    fn row<'a>(&'a mut self, row: &FinishedRow<'_>) -> Row<'a> {
        let verdict = self.verdicts.get_mut(row.index()).and_then(Option::take);
        verdict.map(|verdict| self.told(verdict)).unwrap_or_default()
    }
}

impl Classifier {
    fn of(links: Arc<Vec<Link>>, lists_probabilities: bool) -> Self {
        let mut wants: Vec<String> = Vec::new();
        let mut place = |input: &Input| {
            let (name, element) = input.place();
            let known = wants.iter().position(|want| want == name);
            let at = known.unwrap_or_else(|| {
                wants.push(name.to_owned());
                wants.len() - 1
            });
            (at, element)
        };
        let inputs = links.iter().map(|link| link.model.inputs.iter().map(&mut place).collect()).collect();
        Self { links, wants, inputs, lists_probabilities, of_conversations: false, verdicts: Vec::new() }
    }

    fn told(&self, verdict: Verdict) -> Row<'_> {
        let class = |opinion: &Opinion| self.links[opinion.model].model.classes[opinion.class].as_str();
        let opinion_of = |model| verdict.opinions.iter().find(|opinion| opinion.model == model);
        let opinions = (0..self.links.len()).map(|model| opinion_of(model).map_or("", class)).collect();
        let Some(last) = verdict.opinions.last() else {
            return Row { class_opinions: opinions, ..Row::default() };
        };
        let model = &self.links[last.model].model;
        let candidates = || model.classes.iter().map(String::as_str).collect();
        let has_probabilities = !last.probabilities.is_empty();
        Row {
            class_label: Some(class(last)),
            class_probability: last.probabilities.get(last.class).copied(),
            class_model: Some(&model.name),
            class_opinions: opinions,
            class_candidates: self.lists_probabilities.then(candidates),
            class_probabilities: (self.lists_probabilities && has_probabilities)
                .then(|| last.probabilities.clone()),
        }
    }
}

/// Why a column of the run is not what the model learned from, for the end of a sentence.
fn misfit(input: &Input, columns: &[Given]) -> Option<String> {
    let (name, element) = input.place();
    let column = columns.iter().find(|column| column.name == name)?;
    let found = column.value.kind.name();
    match (&input.kind, element) {
        _ if !column.value.kind.is_number() => {
            Some(format!("`{name}`, which holds no numbers but `{found}`"))
        }
        (_, None) if column.value.list => {
            Some(format!("`{name}`, which is a list: name its elements, `{name}.0` and so on"))
        }
        (_, Some(_)) if !column.value.list => Some(format!("`{}`, but `{name}` is no list", input.name)),
        (Some(kind), _) if kind != found => {
            Some(format!("`{}` as `{kind}`, but in this run it is `{found}`", input.name))
        }
        _ => None,
    }
}

/// With one instance for each capture the same file is opened again and again, so the last one is kept.
fn opened(path: &Path, classes: Option<Vec<String>>) -> Result<Arc<Vec<Link>>, String> {
    type Kept = (PathBuf, Option<Vec<String>>, Arc<Vec<Link>>);
    static LAST: Mutex<Option<Kept>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, named, links)) = last.as_ref()
        && known == path
        && *named == classes
    {
        return Ok(Arc::clone(links));
    }
    let links = Arc::new(chain::open(path, classes.clone())?);
    *last = Some((path.to_owned(), classes, Arc::clone(&links)));
    Ok(links)
}

export_row_plugin!(Classifier);

#[cfg(test)]
mod tests;
