//! Typed ids: a run can never be asked for with the id of an upload.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like `01890a5d-ac96-774b-bcce-b302099a8057`")]
pub struct IdError;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// A UUID of version 7: ids made later sort later, and the time of making is inside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id, larger than all this process has made before.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Takes a UUID as it is.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// When the id was made, in microseconds since 1970-01-01 UTC, to the millisecond. 0 when the UUID
            /// carries no time.
            pub fn made_at_us(self) -> i64 {
                self.0.get_timestamp().map_or(0, |time| {
                    let (secs, nanos) = time.to_unix();
                    i64::try_from(secs).unwrap_or(i64::MAX / 2_000_000) * 1_000_000 + i64::from(nanos / 1_000)
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Takes the hyphenated form only, so that each thing has one address.
            fn from_str(text: &str) -> Result<Self, IdError> {
                const HYPHENATED_LEN: usize = 36;
                if text.len() != HYPHENATED_LEN {
                    return Err(IdError);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }
    )*};
}

typed_ids! {
    /// Who owns an upload; without accounts everything belongs to [`TenantId::DEFAULT`].
    TenantId;
    /// One uploaded file.
    UploadId;
    /// One run of the engine over an upload.
    RunId;
    /// One unit of background work.
    JobId;
    /// One backup of the whole service.
    BackupId;
}

impl TenantId {
    /// The tenant of an installation without accounts. It has the same id everywhere, so that object keys do not
    /// depend on when the database was made.
    pub const DEFAULT: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let id = UploadId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = UploadId::generate();
        for text in ["", "1", "../../../../../../../../etc/passwd00", &id.as_uuid().as_simple().to_string()] {
            assert_eq!(text.parse::<UploadId>(), Err(IdError), "{text}");
        }
        assert!(format!("{{{id}}}").parse::<UploadId>().is_err());
    }

    #[test]
    fn later_ids_sort_later() {
        let ids: Vec<_> = (0..1_000).map(|_| RunId::generate()).collect();
        assert!(ids.is_sorted());
        assert!(ids[0].made_at_us() > 1_700_000_000_000_000);
    }
}
