//! What can be read of a traced process: its memory and its open files.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::calls::Target;

/// More than any one write of the service.
const MOST_BYTES: usize = 64 << 20;
const PAGE: u64 = 4_096;

/// A stopped thread of a process.
pub(super) struct Process {
    thread: i32,
    memory: File,
}

impl Process {
    pub(super) fn of(thread: i32) -> Option<Self> {
        let memory = File::open(format!("/proc/{thread}/mem")).ok()?;
        Some(Self { thread, memory })
    }

    pub(super) fn bytes(&self, address: u64, length: u64) -> Vec<u8> {
        let length = usize::try_from(length).unwrap_or(0).min(MOST_BYTES);
        let mut bytes = vec![0; length];
        match self.memory.read_exact_at(&mut bytes, address) {
            Ok(()) => bytes,
            Err(_) => Vec::new(),
        }
    }

    /// The pieces of a `struct iovec[]`, together.
    pub(super) fn gathered(&self, address: u64, pieces: u64) -> Vec<u8> {
        let list = self.bytes(address, pieces.saturating_mul(16));
        let number = |at: &[u8]| at.try_into().map_or(0, u64::from_le_bytes);
        list.chunks_exact(16).flat_map(|piece| self.bytes(number(&piece[..8]), number(&piece[8..]))).collect()
    }

    fn text(&self, mut address: u64) -> Vec<u8> {
        let mut text = Vec::new();
        // Up to the end of each page: the next one may not be there.
        while text.len() < PAGE as usize {
            let piece = self.bytes(address, PAGE - address % PAGE);
            if let Some(end) = piece.iter().position(|&byte| byte == 0) {
                text.extend_from_slice(&piece[..end]);
                break;
            }
            if piece.is_empty() {
                break;
            }
            address += piece.len() as u64;
            text.extend(piece);
        }
        text
    }

    /// A path that was given to a call, made absolute.
    pub(super) fn path(&self, folder: u64, address: u64) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt as _;
        let path = PathBuf::from(std::ffi::OsString::from_vec(self.text(address)));
        if path.is_absolute() {
            return Some(path);
        }
        let folder = folder as u32 as i32;
        let link = if folder == libc::AT_FDCWD { "cwd".to_owned() } else { format!("fd/{folder}") };
        Some(fs::read_link(format!("/proc/{}/{link}", self.thread)).ok()?.join(path))
    }

    /// What an open file is called now, a socket `socket:[...]`.
    pub(super) fn open_path(&self, fd: u64) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/fd/{}", self.thread, fd as u32)).ok()
    }

    pub(super) fn open_file(&self, fd: u64) -> Option<Target> {
        let path = self.open_path(fd)?;
        let inode = fs::metadata(format!("/proc/{}/fd/{}", self.thread, fd as u32)).ok()?.ino();
        Some(Target { path, inode })
    }

    /// Where the next plain write to an open file goes.
    pub(super) fn position(&self, fd: u64) -> Option<u64> {
        let fd = fd as u32;
        let facts = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", self.thread)).ok()?;
        let field = |name: &str| facts.lines().find_map(|line| Some(line.strip_prefix(name)?.trim()));
        let flags = i32::from_str_radix(field("flags:")?, 8).ok()?;
        if flags & libc::O_APPEND != 0 {
            return Some(fs::metadata(format!("/proc/{}/fd/{fd}", self.thread)).ok()?.len());
        }
        field("pos:")?.parse().ok()
    }
}

/// The number of the file at a path.
pub(super) fn inode_at(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}
