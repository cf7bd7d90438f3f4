//! Where a node takes its software from, and what is wrong with that.

use crate::error::Error;
use crate::loose;
use crate::model::fields::fields;
use crate::model::list::{Column, Listed, column, count};
use crate::model::node::Node;
use crate::model::record::{Ask, Origin, record};
use crate::page::{Cell, Grid, Level, Page, State, Tone};
use crate::render::View;
use crate::secret::without_password;
use crate::text::Text;
use crate::units::Reading;

fields! {
    /// The package sources of a node, from `/nodes/{node}/apt/repositories`. Needs Sys.Audit on `/nodes/{node}`.
    #[derive(Clone, Default)]
    pub struct AptRepositories {
        /// The files that name them.
        pub files: Vec<RepositoryFile>,
        /// Files that could not be read.
        pub errors: Vec<RepositoryError>,
        /// What there is to say of single ones.
        pub infos: Vec<RepositoryRemark>,
        /// The sources of Proxmox itself, and which of them are set up.
        #[field("standard-repos")]
        pub standard_repos: Vec<StandardRepository>,
        /// A mark of this state of the files.
        pub digest: Option<Text>,
        /// The node that it belongs to.
        #[field(skip, "the path of the call")]
        node: Text,
        #[field(skip)]
        origin: Origin,
    }
}

record!(AptRepositories without page: "/nodes/{node}/apt/repositories");

fields! {
    /// A file of package sources.
    #[derive(Clone, Debug, Default)]
    pub struct RepositoryFile {
        /// Its path.
        pub path: Text,
        /// Its form: `list` or `sources`.
        #[field("file-type")]
        pub file_type: Reading<Text>,
        /// The sources in it.
        pub repositories: Vec<AptRepository>,
        /// A mark of this state of it, byte by byte.
        pub digest: Vec<u64>,
    }
}

fields! {
    /// A package source.
    #[derive(Clone, Debug, Default)]
    pub struct AptRepository {
        /// Whether it is used.
        #[field("Enabled", loose::yes)]
        pub enabled: bool,
        /// `deb`, `deb-src`.
        #[field("Types", loose::words)]
        pub types: Vec<Text>,
        /// Where it is. A password in it is not kept.
        #[field("URIs", addresses)]
        pub uris: Vec<Text>,
        /// Which release of the system: `trixie`.
        #[field("Suites", loose::words)]
        pub suites: Vec<Text>,
        /// Which parts: `main`, `pve-enterprise`, `pve-no-subscription`.
        #[field("Components", loose::words)]
        pub components: Vec<Text>,
        /// Further words, such as the key that it is signed with.
        #[field("Options")]
        pub options: Vec<RepositoryOption>,
        /// What people wrote about it.
        #[field("Comment")]
        pub comment: Option<Text>,
        /// The form of its entry: `list` or `sources`.
        #[field("FileType")]
        pub file_type: Reading<Text>,
    }
}

fn addresses<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Text>, D::Error> {
    Ok(loose::words(from)?.iter().map(|uri| without_password(uri.raw()).into()).collect())
}

fields! {
    /// A further word of a package source.
    #[derive(Clone, Debug, Default)]
    pub struct RepositoryOption {
        /// Its name.
        #[field("Key")]
        pub key: Text,
        /// Its values.
        #[field("Values", loose::words)]
        pub values: Vec<Text>,
    }
}

fields! {
    /// A file of package sources that could not be read.
    #[derive(Clone, Debug, Default)]
    pub struct RepositoryError {
        /// Its path.
        pub path: Text,
        /// What is wrong with it.
        pub error: Text,
    }
}

fields! {
    /// Something to say of one package source.
    #[derive(Clone, Debug, Default)]
    pub struct RepositoryRemark {
        /// The file that the source stands in.
        pub path: Text,
        /// Its place in the file, counted from 0.
        pub index: Reading<u64>,
        /// `warning`, `origin`, `badge`, `ignore-pre-upgrade-warning`, ...
        pub kind: Reading<Text>,
        /// What there is to say.
        pub message: Text,
        /// What of the source it is about: `Suites`.
        pub property: Option<Text>,
    }
}

fields! {
    /// A source of Proxmox itself.
    #[derive(Clone, Debug, Default)]
    pub struct StandardRepository {
        /// Its short name: `enterprise`, `no-subscription`, `test`.
        pub handle: Text,
        /// Its name.
        pub name: Text,
        /// What it is for.
        pub description: Option<Text>,
        /// Whether it is used; none where it is not set up at all.
        #[field(loose::flag)]
        pub status: Option<bool>,
    }
}

impl Node {
    /// Where it takes its software from, from `/nodes/{node}/apt/repositories`.
    ///
    /// ```
    /// # fn main() -> Result<(), pve_notebook::Error> {
    /// use pve_notebook::*;
    /// let sources = Pve::demo()?.node("pve1")?.repositories()?;
    /// assert_eq!(sources.in_use("no-subscription"), Some(true));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the node cannot be reached or Sys.Audit is missing.
    pub fn repositories(&self) -> Result<AptRepositories, Error> {
        Ask::new(&self.session, self.path("apt/repositories"))
            .place(self.place())
            .one_with(|all: &mut AptRepositories| all.node = self.name.clone())
    }
}

impl AptRepositories {
    /// Whether a source of Proxmox is used, by its short name; `None` where it is not set up.
    pub fn in_use(&self, handle: &str) -> Option<bool> {
        self.standard_repos.iter().find(|repository| repository.handle == handle)?.status
    }

    /// What the server warns of.
    pub fn warnings(&self) -> Vec<Text> {
        let of_files = self.errors.iter().map(|error| format!("{}: {}", error.path, error.error).into());
        let remarks = self.infos.iter().filter(|remark| remark.kind == "warning");
        of_files.chain(remarks.map(|remark| format!("{}: {}", remark.path, remark.message).into())).collect()
    }
}

impl Listed for AptRepositories {
    const NOUN: (&'static str, &'static str) = ("set of package sources", "sets of package sources");

    fn columns() -> Vec<Column<AptRepositories>> {
        vec![
            column!("Node", |r: &AptRepositories| r.node.clone()),
            column!("Sources", |r: &AptRepositories| {
                r.files.iter().map(|file| file.repositories.len()).sum::<usize>()
            })
            .by("files", "how many sources stand in all files together"),
            column!("Warnings", |r: &AptRepositories| r.warnings().len())
                .by("errors infos", "what is wrong with files, and the remarks of the kind warning, counted"),
        ]
    }
}

fn joined(words: &[Text]) -> String {
    words.iter().map(Text::to_string).collect::<Vec<_>>().join(" ")
}

fn in_use(on: bool) -> Cell {
    if on { State::new(Tone::Good, "in use") } else { State::new(Tone::Off, "switched off") }.into()
}

impl View for AptRepositories {
    fn page(&self) -> Page {
        let used: Vec<String> =
            self.standard_repos.iter().filter(|r| r.status == Some(true)).map(|r| r.handle.to_string()).collect();
        let (fact, rest) = match used.as_slice() {
            [] => ("No source of Proxmox".into(), " is in use: no updates for Proxmox VE will be found.".into()),
            used => (used.join(", "), format!(" {} in use.", if used.len() == 1 { "is" } else { "are" })),
        };
        let rows = self.files.iter().flat_map(|file| file.repositories.iter().map(move |source| (file, source)));
        let rows = rows.map(|(file, source)| {
            vec![
                in_use(source.enabled),
                joined(&source.uris).into(),
                joined(&source.suites).into(),
                joined(&source.components).into(),
                joined(&source.types).into(),
                file.path.clone().into(),
                source.comment.clone().into(),
            ]
        });
        let page = Page::new(format!("Package sources of {}", self.node.raw()))
            .question("Where does it take its software from?")
            .answer(fact, rest);
        let page = self.warnings().into_iter().fold(page, |page, warning| page.note(Level::Warning, warning));
        let standard = self.standard_repos.iter().map(|source| {
            let state = source.status.map_or_else(|| State::new(Tone::Off, "not set up").into(), in_use);
            vec![Cell::from(&source.name), state, source.description.clone().into()]
        });
        page.table(Grid::new(["State", "Address", "Release", "Parts", "Kind", "File", "Remark"]).rows(rows))
            .section(
                format!("The sources of Proxmox ({})", count(self.standard_repos.len(), ("source", "sources"))),
                Page::new("").table(Grid::new(["Source", "State", "What it is for"]).rows(standard)),
            )
            .provenance(self.origin.provenance())
    }
}
