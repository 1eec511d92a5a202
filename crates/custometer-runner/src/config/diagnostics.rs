//! Everything that is wrong with a report, each with its place in the config and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custometer_core::suggest::nearest;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use serde::Serialize;
use toml::Spanned;

use crate::result::harmless;

/// So many problems are shown. Each shows its part of the text, and nobody mends thousands at once.
const MOST_SHOWN: usize = 100;

/// The problems of a report, in the order of its text: all, or the first hundred.
#[derive(Debug)]
pub struct Problems {
    problems: Vec<Problem>,
    /// How many there are beside these.
    more: usize,
}

impl Problems {
    /// How many there are beside those that are shown.
    pub fn more(&self) -> usize {
        self.more
    }

    /// The problems, in the order of the text they are about.
    pub fn as_slice(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.problems.len(), self.more) {
            (1, 0) => write!(f, "the report can't be run: 1 problem"),
            (n, 0) => write!(f, "the report can't be run: {n} problems"),
            (n, more) => write!(f, "the report can't be run: {} problems, of which these are the first {n}", n + more),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Problem {
    message: String,
    span: Range<usize>,
    label: Option<String>,
    help: Option<String>,
    source: Arc<NamedSource<String>>,
}

/// A problem with its place as people count: what a program makes of it that shows it in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlacedProblem {
    /// The config's name, or that of a file that it includes; that of the settings where it is in one of them.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The line that it ends in.
    pub end_line: usize,
    /// The character after its last one.
    pub end_column: usize,
    /// What is wrong.
    pub message: String,
    /// What stands beside the underlined text.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// The problem with its place.
    pub fn placed(&self) -> PlacedProblem {
        let text = self.source.inner();
        let position = |at: usize| {
            let before = text.get(..at).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
        };
        let ((line, column), (end_line, end_column)) = (position(self.span.start), position(self.span.end));
        PlacedProblem {
            file: self.source.name().to_owned(),
            line,
            column,
            end_line,
            end_column,
            message: self.message.clone(),
            label: self.label.clone(),
            help: self.help.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(self.label.clone(), self.span.clone()))))
    }
}

/// The text of a config with the settings made on the command line as further lines of it, and with the files that it includes and the packs that
/// it names.
///
/// Spans run through all of it, so that a mistake in a `--set` or in another file is underlined there.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// The whole text: the file, then one line per setting, then the files that are included, then the packs.
    pub whole: String,
    parts: Vec<Part>,
}

/// A part of a [`Text`] that has a name of its own.
#[derive(Debug, Clone)]
struct Part {
    place: Range<usize>,
    /// What paths in it are relative to.
    folder: PathBuf,
    /// The file that it is read from, if it is.
    file: Option<PathBuf>,
    is_pack: bool,
    source: Arc<NamedSource<String>>,
}

/// Stands between the parts of a [`Text`].
const SEPARATOR: &str = "\n";

impl Text {
    /// The text of the file called `name` in `folder`, and the settings.
    pub(crate) fn new(name: &str, text: &str, settings: &[String], folder: &Path) -> Self {
        let mut whole = Self { whole: String::new(), parts: Vec::new() };
        whole.append(name, text, folder);
        whole.add("--set", &settings.join("\n"), folder, None, false);
        whole
    }

    /// Adds a file that is included; where it stands.
    pub(crate) fn append(&mut self, name: &str, text: &str, folder: &Path) -> Range<usize> {
        let file = Path::new(name).file_name().map(|file| folder.join(file));
        self.add(name, text, folder, file, false)
    }

    /// Adds a pack, which is built in unless it has a file; where it stands.
    pub(crate) fn append_pack(&mut self, name: &str, text: &str, file: Option<&Path>) -> Range<usize> {
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        self.add(name, text, folder, file.map(Path::to_owned), true)
    }

    fn add(&mut self, name: &str, text: &str, folder: &Path, file: Option<PathBuf>, is_pack: bool) -> Range<usize> {
        if !self.parts.is_empty() {
            self.whole.push_str(SEPARATOR);
        }
        let start = self.whole.len();
        self.whole.push_str(text);
        let place = start..self.whole.len();
        let source = Arc::new(NamedSource::new(harmless::line(name), harmless::in_place(text)));
        self.parts.push(Part { place: place.clone(), folder: folder.to_owned(), file, is_pack, source });
        place
    }

    /// The files that it is put together from.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.parts.iter().filter_map(|part| part.file.clone())
    }

    /// Where the file itself stands.
    pub(crate) fn file(&self) -> Range<usize> {
        self.parts[0].place.clone()
    }

    /// Where the settings stand.
    pub(crate) fn settings(&self) -> Range<usize> {
        self.parts[1].place.clone()
    }

    /// The name of the file that a place is in.
    pub(crate) fn name_of(&self, place: &Range<usize>) -> &str {
        self.part(place).source.name()
    }

    /// The folder that paths at a place are relative to.
    pub(crate) fn folder_of(&self, place: &Range<usize>) -> &Path {
        &self.part(place).folder
    }

    fn part(&self, place: &Range<usize>) -> &Part {
        self.parts.iter().rev().find(|part| part.place.start <= place.start).unwrap_or(&self.parts[0])
    }

    /// Whether a place is in the report's own text, and not in that of a pack.
    pub(crate) fn is_own(&self, span: &Range<usize>) -> bool {
        !self.part(span).is_pack
    }

    fn locate(&self, span: Range<usize>) -> (Range<usize>, Arc<NamedSource<String>>) {
        let Part { place, source, .. } = self.part(&span);
        let within = |at: usize| at.clamp(place.start, place.end) - place.start;
        (within(span.start)..within(span.end), Arc::clone(source))
    }
}

/// A message as it may be shown: it may quote data, names of files and addresses.
fn shown(text: impl Into<String>) -> String {
    harmless::lines(&text.into()).into_owned()
}

/// Collects problems while a report is read and checked.
#[derive(Debug)]
pub(crate) struct Collector {
    text: Text,
    problems: Vec<(usize, Problem)>,
    causes: Vec<Cause>,
}

/// What is wrong for several names alike.
#[derive(Debug)]
struct Cause {
    before: String,
    after: String,
    names: Vec<String>,
    /// Its problem's position.
    problem: usize,
}

/// Of so many names all are shown.
const MOST_NAMES: usize = 5;

impl Collector {
    /// An empty collection over a text.
    pub(crate) fn new(text: Text) -> Self {
        Self { text, problems: Vec::new(), causes: Vec::new() }
    }

    /// The text that spans refer to.
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// The text that spans refer to, for files that are included and packs.
    pub(crate) fn text_mut(&mut self) -> &mut Text {
        &mut self.text
    }

    /// Adds a problem at a place, and lets its label and help be set.
    pub(crate) fn report(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Problem {
        let start = span.start;
        let (span, source) = self.text.locate(span);
        let message = shown(message);
        self.problems.push((start, Problem { message, span, label: None, help: None, source }));
        &mut self.problems.last_mut().expect("one was just pushed").1
    }

    /// Adds what is wrong for several names alike as one problem, at the first one's place: `before` the names, and `after` them. Of what was
    /// reported before, only the names become more.
    pub(crate) fn report_for(&mut self, name: &str, span: Range<usize>, before: &str, after: &str) -> &mut Problem {
        let position = self.causes.iter().position(|cause| cause.before == before && cause.after == after).unwrap_or_else(|| {
            self.report(span, "");
            let cause = Cause { before: before.to_owned(), after: after.to_owned(), names: Vec::new(), problem: self.problems.len() - 1 };
            self.causes.push(cause);
            self.causes.len() - 1
        });
        let cause = &mut self.causes[position];
        if !cause.names.iter().any(|known| known == name) {
            cause.names.push(name.to_owned());
        }
        let names: Vec<String> = cause.names.iter().map(|name| format!("`{name}`")).collect();
        let names = match names.as_slice() {
            [one] => one.clone(),
            [first @ .., last] if first.len() < MOST_NAMES => format!("{} and {last}", first.join(", ")),
            all => format!("{} and {} more", all[..MOST_NAMES].join(", "), all.len() - MOST_NAMES),
        };
        let problem = &mut self.problems[cause.problem].1;
        problem.message = shown(format!("{before}{names}{after}"));
        problem
    }

    /// Where a part of a text stands in the config; the whole of the text where its quotes or escapes hide it.
    pub(crate) fn place_in(&self, written: &Spanned<String>, part: Range<usize>) -> Range<usize> {
        let span = written.span();
        let raw = self.text.whole.get(span.clone()).unwrap_or_default();
        match raw.find(written.get_ref().as_str()) {
            Some(start) => span.start + start + part.start..span.start + start + part.end,
            None => span,
        }
    }

    /// Whether something within a place has been reported already. What follows from it need not be reported.
    pub(crate) fn has_any_in(&self, span: &Range<usize>) -> bool {
        self.problems.iter().any(|(start, _)| span.contains(start))
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// How many there are so far.
    pub(crate) fn len(&self) -> usize {
        self.problems.len()
    }

    /// The problems, if there are any.
    pub(crate) fn finish(mut self) -> Result<(), Problems> {
        if self.problems.is_empty() {
            return Ok(());
        }
        self.problems.sort_by_key(|(start, _)| *start);
        let more = self.problems.len().saturating_sub(MOST_SHOWN);
        Err(Problems { problems: self.problems.into_iter().take(MOST_SHOWN).map(|(_, problem)| problem).collect(), more })
    }
}

impl Problem {
    /// What stands beside the underlined text.
    pub fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(shown(label));
        self
    }

    /// What to do about it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(shown(help));
        self
    }

    /// The known name that was probably meant; what else to do where none is near.
    pub(crate) fn suggest<S: AsRef<str>>(
        &mut self,
        given: &str,
        known: impl IntoIterator<Item = S>,
        otherwise: impl FnOnce() -> String,
    ) -> &mut Self {
        let known: Vec<S> = known.into_iter().collect();
        let near = nearest(given, known.iter().map(AsRef::as_ref));
        self.help(near.map_or_else(otherwise, |near| format!("did you mean `{near}`?")))
    }

    /// What to do about it, where that is known.
    pub fn maybe_help(&mut self, help: Option<String>) -> &mut Self {
        self.help = help.map(shown).or(self.help.take());
        self
    }
}
