//! The extent of a run.

use serde::{Deserialize, Serialize};

/// The extent of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    Full,
    /// Enough to see that everything works, too little for reliable figures.
    Quick,
}
