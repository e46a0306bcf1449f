//! System calls that touch storage or a socket, as values.

use std::path::{Path, PathBuf};

use super::memory::{Process, inode_at};

/// An open file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its path when the call was made.
    pub path: PathBuf,
    /// Its number in the file system.
    pub inode: u64,
}

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Opens what is there.
    Open {
        /// Which.
        path: PathBuf,
    },
    /// Opens a file and may make it.
    Create {
        /// Which.
        path: PathBuf,
        /// Its number; known when the call has returned.
        inode: u64,
        /// It was not there before.
        is_new: bool,
        /// What it held is thrown away.
        truncates: bool,
    },
    /// Writes bytes to a file; as many as the call has really taken.
    Write {
        /// To which file.
        file: Target,
        /// From which byte on.
        offset: u64,
        /// Which bytes.
        bytes: Vec<u8>,
    },
    /// Cuts or extends a file.
    SetLength {
        /// Which file.
        file: Target,
        /// How long it is then.
        length: u64,
    },
    /// Waits until a file, or the names in a directory, are on the disk.
    Sync {
        /// Which.
        file: Target,
    },
    /// Waits until everything of the file system is on the disk.
    SyncAll,
    /// Gives a file or directory another name.
    Rename {
        /// The old one.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// Removes a name.
    Remove {
        /// Which.
        path: PathBuf,
    },
    /// Makes a directory.
    MakeDir {
        /// Which.
        path: PathBuf,
        /// Its number; known when the call has returned.
        inode: u64,
    },
    /// Sends bytes into a socket.
    Send {
        /// Which bytes.
        bytes: Vec<u8>,
    },
    /// Takes bytes from a socket.
    Receive,
}

impl Op {
    /// Whether it is about files.
    pub fn is_storage(&self) -> bool {
        !matches!(self, Self::Send { .. } | Self::Receive)
    }

    /// Whether it waits for the disk.
    pub fn is_sync(&self) -> bool {
        matches!(self, Self::Sync { .. } | Self::SyncAll)
    }

    /// What it does and to which kind of file, the same for the same step of each upload.
    pub fn describe(&self, root: &Path) -> String {
        let name = |path: &Path| {
            let path = path.strip_prefix(root).unwrap_or(path);
            let parts = path.components().map(|part| part.as_os_str().to_string_lossy());
            let parts = parts.map(|part| if part.len() >= 32 { "*".into() } else { part });
            let name = parts.collect::<Vec<_>>().join("/");
            if name.is_empty() { ".".to_owned() } else { name }
        };
        match self {
            Self::Open { path } => format!("open {}", name(path)),
            Self::Create { path, .. } => format!("create {}", name(path)),
            Self::Write { file, .. } => format!("write {}", name(&file.path)),
            Self::SetLength { file, .. } => format!("set length of {}", name(&file.path)),
            Self::Sync { file } => format!("sync {}", name(&file.path)),
            Self::SyncAll => "sync everything".to_owned(),
            Self::Rename { from, to } => format!("rename {} to {}", name(from), name(to)),
            Self::Remove { path } => format!("remove {}", name(path)),
            Self::MakeDir { path, .. } => format!("make directory {}", name(path)),
            Self::Send { .. } => "send".to_owned(),
            Self::Receive => "receive".to_owned(),
        }
    }
}

/// One call of the program.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it does.
    pub op: Op,
    /// Its place among all entries and returns.
    pub began: u64,
    /// The place of its return.
    pub ended: u64,
    /// What it gave; negative is an error.
    pub result: i64,
}

/// Number and arguments of a call that is about to be made.
pub(super) struct Entry {
    pub(super) number: i64,
    pub(super) args: [u64; 6],
}

/// What the call will do; none when it touches neither the folder `root` nor a socket.
pub(super) fn decode(process: &Process, entry: &Entry, root: &Path) -> Option<Op> {
    let [a, b, c, d, ..] = entry.args;
    let here = libc::AT_FDCWD as u32 as u64;
    let under = |path: Option<PathBuf>| path.filter(|path| path.starts_with(root));
    let file = |fd| process.open_file(fd).filter(|file| file.path.starts_with(root));
    match entry.number {
        libc::SYS_open => open(under(process.path(here, a))?, b),
        libc::SYS_creat => open(under(process.path(here, a))?, (libc::O_CREAT | libc::O_TRUNC) as u64),
        libc::SYS_openat => open(under(process.path(a, b))?, c),
        libc::SYS_write => write(process, a, || process.bytes(b, c), None, root),
        libc::SYS_pwrite64 => write(process, a, || process.bytes(b, c), Some(d), root),
        libc::SYS_writev => write(process, a, || process.gathered(b, c), None, root),
        libc::SYS_pwritev | libc::SYS_pwritev2 => write(process, a, || process.gathered(b, c), Some(d), root),
        libc::SYS_sendto => Some(Op::Send { bytes: process.bytes(b, c) }),
        libc::SYS_sendmsg => {
            let message = process.bytes(b, 32);
            let number = |at: usize| message.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
            Some(Op::Send { bytes: process.gathered(number(16)?, number(24)?) })
        }
        libc::SYS_recvfrom | libc::SYS_recvmsg => Some(Op::Receive),
        libc::SYS_read | libc::SYS_readv if is_socket(process, a) => Some(Op::Receive),
        libc::SYS_fsync | libc::SYS_fdatasync => Some(Op::Sync { file: file(a)? }),
        libc::SYS_syncfs => file(a).map(|_| Op::SyncAll),
        libc::SYS_ftruncate => Some(Op::SetLength { file: file(a)?, length: b }),
        libc::SYS_rename => rename(process, [here, a, here, b], root),
        libc::SYS_renameat | libc::SYS_renameat2 => rename(process, [a, b, c, d], root),
        libc::SYS_unlink | libc::SYS_rmdir => Some(Op::Remove { path: under(process.path(here, a))? }),
        libc::SYS_unlinkat => Some(Op::Remove { path: under(process.path(a, b))? }),
        libc::SYS_mkdir => Some(Op::MakeDir { path: under(process.path(here, a))?, inode: 0 }),
        libc::SYS_mkdirat => Some(Op::MakeDir { path: under(process.path(a, b))?, inode: 0 }),
        // A way to write that the model of the disk does not know must not be passed over in silence.
        libc::SYS_fallocate
        | libc::SYS_link
        | libc::SYS_linkat
        | libc::SYS_sendfile
        | libc::SYS_truncate
        | libc::SYS_copy_file_range
        | libc::SYS_sync_file_range
            if file(a).is_some() || file(c).is_some() =>
        {
            panic!("expected no system call {} on files of the store; teach it to the tracer", entry.number)
        }
        _ => None,
    }
}

fn open(path: PathBuf, flags: u64) -> Option<Op> {
    let has = |flag: i32| flags as i32 & flag == flag;
    if !has(libc::O_CREAT) {
        return Some(Op::Open { path });
    }
    let is_new = inode_at(&path).is_none();
    Some(Op::Create { path, inode: 0, is_new, truncates: has(libc::O_TRUNC) })
}

fn write(
    process: &Process,
    fd: u64,
    bytes: impl FnOnce() -> Vec<u8>,
    offset: Option<u64>,
    root: &Path,
) -> Option<Op> {
    if is_socket(process, fd) {
        return Some(Op::Send { bytes: bytes() });
    }
    let file = process.open_file(fd).filter(|file| file.path.starts_with(root))?;
    let offset = offset.or_else(|| process.position(fd))?;
    Some(Op::Write { file, offset, bytes: bytes() })
}

fn is_socket(process: &Process, fd: u64) -> bool {
    process.open_path(fd).is_some_and(|path| path.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
}

fn rename(process: &Process, [a, b, c, d]: [u64; 4], root: &Path) -> Option<Op> {
    let (from, to) = (process.path(a, b)?, process.path(c, d)?);
    (from.starts_with(root) || to.starts_with(root)).then_some(Op::Rename { from, to })
}

/// Adds what is known only after the call.
pub(super) fn complete(op: &mut Op, result: i64) {
    if result < 0 {
        return;
    }
    match op {
        Op::Create { path, inode, .. } | Op::MakeDir { path, inode } => *inode = inode_at(path).unwrap_or(0),
        Op::Write { bytes, .. } | Op::Send { bytes } => {
            bytes.truncate(usize::try_from(result).unwrap_or(usize::MAX));
        }
        _ => {}
    }
}
