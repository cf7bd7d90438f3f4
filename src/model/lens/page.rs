//! How a lens shows itself: what it does, step by step, and what it names that is not there.

use crate::lens::{Lens, Step};
use crate::model::lens::remarks;
use crate::model::list::count;
use crate::page::{Cell, Grid, Level, Page};
use crate::render::View;
use crate::text::Text;

/// What a step concerns, whose that is, and what becomes of it.
fn row(step: &Step) -> [Cell; 3] {
    let named = |what: &str, name: &Text| Cell::Name(name.clone(), what.into());
    let of = |of: &Option<Text>, all: &str| of.as_ref().map_or_else(|| Cell::from(all), |of| Cell::Code(of.clone()));
    let by_code = || Cell::from("added, by code");
    match step {
        Step::Column { of, name, .. } => [named("column", name), Cell::Code((*of).into()), by_code()],
        Step::Section { of, title, .. } => [named("part", title), Cell::Code((*of).into()), by_code()],
        Step::HideColumn { of: whose, name } => [named("column", name), of(whose, "every table"), "hidden".into()],
        Step::HideSection { of: whose, title } => [named("part", title), of(whose, "every page"), "hidden".into()],
        Step::Total(name) => [named("column", name), "every list".into(), "with a total".into()],
        Step::Word(word, instead) => [named("word", word), "sentences, titles, headings".into(), instead.into()],
        Step::Sizes(unit) => ["sizes".into(), "every page".into(), format!("in {unit}").into()],
        Step::ColumnIn(name, unit) => [named("column", name), "every table".into(), format!("in {unit}").into()],
        Step::HideVmids => ["numbers of guests".into(), "where their names stand beside them".into(), "hidden".into()],
        Step::HideCode => ["code to go on with".into(), "every page".into(), "hidden".into()],
    }
}

/// What it shows itself of: each step, and what it names that is not there.
impl View for Lens {
    fn page(&self) -> Page {
        let how_many = |is: fn(&Step) -> bool| self.steps().iter().filter(|step| is(step)).count();
        let added = how_many(|step| matches!(step, Step::Column { .. } | Step::Section { .. }));
        let hides = |step: &Step| {
            matches!(step, Step::HideColumn { .. } | Step::HideSection { .. } | Step::HideVmids | Step::HideCode)
        };
        let (hidden, all) = (how_many(hides), self.steps().len());
        let rest = match all {
            0 => ": everything is shown as it is.".to_owned(),
            _ => format!(": {added} added, {hidden} hidden, {} in other words or units.", all - added - hidden),
        };
        let page = Page::new(format!("Lens {}", self.name().raw()))
            .question("What is shown otherwise to whom looks through it?")
            .answer(format!("{} for {}", count(all, ("thing", "things")), self.name().raw()), rest);
        let grid = Grid::new(["What", "Where", "How"]).rows(self.steps().iter().map(|step| row(step).to_vec()));
        let page = if all == 0 { page } else { page.table(grid) };
        let page = remarks(self).into_iter().fold(page, |page, remark| page.note(Level::Warning, remark.words));
        page.paragraph("Only the view changes: totals, answers and what could not be read are the same without it.")
    }
}
