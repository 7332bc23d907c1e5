//! The folder of the files that outlive the process: the embedded store and the session secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// The length of the shortest accepted secret, in bytes.
const MIN_SECRET_BYTES: usize = 16;

const NEW_SECRET_BYTES: usize = 32;

/// An existing folder.
#[derive(Debug, Clone)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// Opens the folder at `path`, and creates it if it is missing.
    ///
    /// # Errors
    ///
    /// The folder is missing and cannot be created.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path)
            .with_context(|| format!("the data folder {} cannot be made (DATA_DIR)", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The path of the embedded store's file.
    pub fn embedded_file(&self) -> PathBuf {
        self.0.join("switchboard.db")
    }

    /// Returns the secret that signs session tokens: `configured`, else the stored one, else a new one that
    /// it stores.
    ///
    /// # Errors
    ///
    /// The configured or the stored secret is too short, or the file cannot be read or written.
    pub fn session_secret(&self, configured: Option<&str>) -> anyhow::Result<Vec<u8>> {
        if let Some(secret) = configured {
            if secret.len() < MIN_SECRET_BYTES {
                bail!("SESSION_SECRET must have at least {MIN_SECRET_BYTES} characters");
            }
            return Ok(secret.as_bytes().to_vec());
        }
        let path = self.0.join("session-secret");
        // An empty file is what a full disk or a mount leaves of a new one: no token was signed with it.
        let stored = fs::read(&path).map(|secret| Some(secret).filter(|secret| !secret.is_empty()));
        let secret = match stored {
            Ok(Some(secret)) => secret,
            Ok(None) => keep_new_secret(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => keep_new_secret(&path)?,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("the session secret {} cannot be read", path.display()));
            }
        };
        if secret.len() < MIN_SECRET_BYTES {
            bail!(
                "the session secret {} is too short; remove the file to have a new one made",
                path.display()
            );
        }
        Ok(secret)
    }

    /// Returns the name of this node: the stored one, else a new one that it stores.
    ///
    /// Where no file can be written, the name ends with the process.
    pub fn node_name(&self) -> String {
        let path = self.0.join("node-name");
        let stored = fs::read_to_string(&path).ok().filter(|name| name.len() >= MIN_SECRET_BYTES);
        stored
            .or_else(|| String::from_utf8(make_secret(&path).ok()?).ok())
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }
}

fn keep_new_secret(path: &Path) -> anyhow::Result<Vec<u8>> {
    make_secret(path).with_context(|| format!("the session secret {} cannot be kept", path.display()))
}

/// Makes a secret and stores it durably, readable by this user only.
fn make_secret(path: &Path) -> io::Result<Vec<u8>> {
    let mut random = [0; NEW_SECRET_BYTES];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let secret = BASE64_URL_SAFE_NO_PAD.encode(random).into_bytes();
    // Renamed when complete: no process may read a half-written secret.
    let unfinished = path.with_extension("new");
    let mut file = create_private(&unfinished)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(secret)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let name = data.node_name();
        assert_eq!(data.node_name(), name);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(DataFolder::open(other.path()).unwrap().node_name(), name);
        assert!(!DataFolder(other.path().join("missing")).node_name().is_empty());
    }

    #[test]
    fn a_secret_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(&folder.path().join("new")).unwrap();
        let made = data.session_secret(None).unwrap();
        assert_eq!(data.session_secret(None).unwrap(), made);
        assert_eq!(data.session_secret(Some("sixteen letters!")).unwrap(), b"sixteen letters!");
        assert!(data.session_secret(Some("short")).is_err());
        fs::write(folder.path().join("new/session-secret"), "").unwrap();
        assert!(data.session_secret(None).unwrap().len() >= MIN_SECRET_BYTES, "an empty file is replaced");
        let other = DataFolder::open(&folder.path().join("other")).unwrap();
        assert_ne!(other.session_secret(None).unwrap(), made);
    }
}
