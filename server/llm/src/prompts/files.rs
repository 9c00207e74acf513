//! The shipped files.

/// What a model is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Answer a question from evidence.
    Answer,
    /// Choose the tools that find out something.
    Plan,
    /// Write a log line that might have been.
    Hyde,
    /// Put the report of a cause into sentences.
    RootCause,
    /// Sum up an alert, a cluster or an incident.
    Summary,
    /// Draft a post-mortem.
    PostMortem,
    /// Suggest what to ask next.
    FollowUps,
    /// Show what it can do.
    Probe,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Answer,
        Self::Plan,
        Self::Hyde,
        Self::RootCause,
        Self::Summary,
        Self::PostMortem,
        Self::FollowUps,
        Self::Probe,
    ];

    /// Its name: of its folder, and in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Plan => "plan",
            Self::Hyde => "hyde",
            Self::RootCause => "root_cause",
            Self::Summary => "summary",
            Self::PostMortem => "post_mortem",
            Self::FollowUps => "follow_ups",
            Self::Probe => "probe",
        }
    }

    pub(super) const fn files(self) -> &'static Files {
        match self {
            Self::Answer => &ANSWER,
            Self::Plan => &PLAN,
            Self::Hyde => &HYDE,
            Self::RootCause => &ROOT_CAUSE,
            Self::Summary => &SUMMARY,
            Self::PostMortem => &POST_MORTEM,
            Self::FollowUps => &FOLLOW_UPS,
            Self::Probe => &PROBE,
        }
    }
}

/// The name of the template that asks for a repair, in the folder of all prompts.
pub(super) const REPAIR_FILE: &str = "repair.j2";
/// That template.
pub(super) const REPAIR: &str = include_str!("../../../../prompts/repair.j2");
/// The names of the files of a prompt.
pub(super) const FILE_NAMES: [&str; 4] = [
    "system.j2",
    "user.j2",
    "input.schema.json",
    "output.schema.json",
];

/// The files of a prompt, in the order of their names above.
pub(super) type Files = [&'static str; 4];

macro_rules! files {
    ($name:ident, $folder:literal) => {
        static $name: Files = [
            include_str!(concat!("../../../../prompts/", $folder, "/system.j2")),
            include_str!(concat!("../../../../prompts/", $folder, "/user.j2")),
            include_str!(concat!(
                "../../../../prompts/",
                $folder,
                "/input.schema.json"
            )),
            include_str!(concat!(
                "../../../../prompts/",
                $folder,
                "/output.schema.json"
            )),
        ];
    };
}

files!(ANSWER, "answer");
files!(PLAN, "plan");
files!(HYDE, "hyde");
files!(ROOT_CAUSE, "root_cause");
files!(SUMMARY, "summary");
files!(POST_MORTEM, "post_mortem");
files!(FOLLOW_UPS, "follow_ups");
files!(PROBE, "probe");
