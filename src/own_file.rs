//! Files that only this user writes, and the lock by which processes take turns at them. Knows nothing of what is in them.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Opens a file for reading and as `how` says, making it where that is asked for: never through a link, and only one that
/// is this user's own, wherever others can put files of that name.
#[allow(unsafe_code)]
pub(crate) fn open(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    let file = how.read(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(path)?;
    let found = file.metadata()?;
    // SAFETY: geteuid takes nothing and cannot fail.
    if found.uid() != unsafe { libc::geteuid() } {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is not ours", path.display())));
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a file", path.display())));
    }
    Ok(file)
}

/// Puts a file with these bytes in this place, for this user alone, whole or not at all: it is written beside it, and gets
/// its name once it is on the disk. Whatever had that name before is whole until then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (beside, mut file) = beside(path)?;
    let put = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = put {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// A new file beside this one, under a name that nothing has.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display())));
    };
    let mut n = 0_u32;
    loop {
        let mut own = OsString::from(".");
        own.push(name);
        own.push(format!(".{}-{n}.new", std::process::id()));
        let beside = path.with_file_name(own);
        match open(&beside, OpenOptions::new().write(true).create_new(true)) {
            // What a crash left.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n < 99 => n += 1,
            file => return file.map(|file| (beside, file)),
        }
    }
}

/// Takes the lock of an open file for as long as it stays open, unless somebody has it.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    flock(file, libc::LOCK_EX)
}

/// The same for who only reads: with others who do, but with nobody who writes.
pub(crate) fn try_lock_to_read(file: &File) -> io::Result<bool> {
    flock(file, libc::LOCK_SH)
}

#[allow(unsafe_code)]
fn flock(file: &File, kind: libc::c_int) -> io::Result<bool> {
    // SAFETY: flock takes two numbers and has no memory effects; the descriptor is open.
    if unsafe { libc::flock(file.as_raw_fd(), kind | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        error => Err(error),
    }
}

/// Folders of tests.
#[cfg(test)]
pub(crate) mod testing {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A folder of a test's own, for as long as it is held.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Folder {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!("pve-notebook-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        pub(crate) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::testing::Folder;
    use super::*;

    fn ours(path: &Path) -> io::Result<File> {
        open(path, OpenOptions::new().create(true).append(true))
    }

    #[test]
    fn a_file_is_made_for_this_user_alone_and_one_at_a_time_holds_it() {
        let folder = Folder::new();
        let path = folder.path("own");
        let first = ours(&path).unwrap();
        assert_eq!(first.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(try_lock(&first).unwrap());
        assert!(!try_lock(&ours(&path).unwrap()).unwrap() && !try_lock_to_read(&ours(&path).unwrap()).unwrap());
        drop(first);
        let (one, other) = (ours(&path).unwrap(), ours(&path).unwrap());
        assert!(try_lock_to_read(&one).unwrap() && try_lock_to_read(&other).unwrap());
    }

    #[test]
    fn a_file_is_replaced_whole_or_stays_as_it_was() {
        let folder = Folder::new();
        let path = folder.path("kept");
        replace(&path, b"one").unwrap();
        replace(&path, b"another").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"another");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (taken, lost) = (folder.path("taken"), folder.path("nowhere/kept"));
        fs::create_dir_all(taken.join("below")).unwrap();
        assert!(replace(&taken, b"x").is_err() && replace(&lost, b"x").is_err());
        let left: Vec<_> = fs::read_dir(folder.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "nothing is left beside them: {left:?}");
    }

    #[test]
    fn what_a_crash_left_beside_a_file_is_not_in_the_way() {
        let folder = Folder::new();
        let path = folder.path("kept");
        fs::write(folder.path(&format!(".kept.{}-0.new", std::process::id())), "half").unwrap();
        replace(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn a_link_and_what_is_no_file_are_not_opened() {
        let folder = Folder::new();
        let (link, aim) = (folder.path("link"), folder.path("aim"));
        symlink(&aim, &link).unwrap();
        assert!(ours(&link).is_err() && !aim.exists(), "a link to nothing makes nothing");
        assert!(ours(&folder.path(".")).is_err());
        assert!(ours(Path::new("/dev/null")).is_err(), "of another user, or no file");
    }
}
