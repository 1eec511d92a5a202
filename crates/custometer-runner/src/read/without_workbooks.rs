//! What stands for the reading of workbooks and archives where the program is built without it.

const WITHOUT: &str = "is a workbook or a zip archive, which are read with the cargo feature `workbooks`: build the program with it, save its \
    sheet as CSV, or unpack it";

pub(super) mod archive {
    use std::sync::Arc;

    use crate::read::source::{Member, Source};

    #[expect(dead_code, reason = "nothing is told apart")]
    pub(crate) enum Contents {
        Workbook,
        Members(Vec<Member>),
    }

    pub(crate) fn contents(_: &Arc<Source>) -> Result<Contents, String> {
        Err(super::WITHOUT.to_owned())
    }
}

pub(super) mod workbook {
    use std::sync::Arc;

    use crate::read::container::Area;
    use crate::read::source::{Sheet, Source};

    pub(crate) enum Book {}

    impl Book {
        pub(crate) fn open(_: &Arc<Source>) -> Result<Self, String> {
            Err(super::WITHOUT.to_owned())
        }

        pub(crate) fn sheets(&self) -> Vec<(String, bool)> {
            match *self {}
        }

        pub(crate) fn sheet(&mut self, _: &str, _: Area, _: bool) -> Result<Sheet, String> {
            match *self {}
        }
    }
}
