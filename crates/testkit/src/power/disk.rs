//! A disk that remembers what is durable and what is only written.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Cut;
use crate::faults::{Call, Op};

/// Index of a file or directory; a number of the file system may be used again, this is not.
type NodeId = usize;

#[derive(Debug, Clone)]
enum Node {
    /// What is durable of a file.
    File(Arc<Vec<u8>>),
    /// Which names are durable in a directory.
    Dir(Arc<BTreeMap<OsString, NodeId>>),
}

/// One change that is not durable yet.
#[derive(Debug, Clone)]
enum Effect {
    Bytes { file: NodeId, offset: usize, bytes: Arc<[u8]> },
    Length { file: NodeId, length: usize },
    Name { dir: NodeId, name: OsString, node: NodeId },
    NoName { dir: NodeId, name: OsString },
}

impl Effect {
    /// What must be synced to make it durable.
    fn of(&self) -> NodeId {
        match *self {
            Self::Bytes { file, .. } | Self::Length { file, .. } => file,
            Self::Name { dir, .. } | Self::NoName { dir, .. } => dir,
        }
    }
}

/// A change that is not durable, with what is known of it.
#[derive(Debug, Clone)]
struct Pending {
    effect: Effect,
    /// The time at which the call had returned.
    ended: u64,
    /// The system takes it for written since a sync of the file system has failed.
    is_lost: bool,
}

/// The state of a disk while a trace is played.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    /// Names as programs see them.
    live: HashMap<NodeId, BTreeMap<OsString, NodeId>>,
    by_inode: HashMap<u64, NodeId>,
    pending: Vec<Pending>,
}

/// What a disk holds after a power cut: directories, and files with their bytes, by their paths under the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// A directory has no bytes.
    pub entries: BTreeMap<PathBuf, Option<Arc<Vec<u8>>>>,
}

impl Image {
    /// Makes the directory and everything in it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_to(&self, root: &Path) -> io::Result<()> {
        std::fs::create_dir_all(root)?;
        for (path, bytes) in &self.entries {
            match bytes {
                None => std::fs::create_dir_all(root.join(path))?,
                Some(bytes) => std::fs::write(root.join(path), bytes.as_slice())?,
            }
        }
        Ok(())
    }

    /// The same number for the same image.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.entries.hash(&mut hasher);
        hasher.finish()
    }
}

impl Disk {
    /// An empty disk; `root`, whose number is `inode`, is durable.
    pub fn new(root: &Path, inode: u64) -> Self {
        Self {
            root: root.to_owned(),
            nodes: vec![Node::Dir(Arc::default())],
            live: HashMap::from([(0, BTreeMap::new())]),
            by_inode: HashMap::from([(inode, 0)]),
            pending: Vec::new(),
        }
    }

    /// Changes that are not durable.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Plays a call that has returned.
    ///
    /// # Panics
    /// It is about a file that no call before has made.
    pub fn play(&mut self, call: &Call) {
        if call.result < 0 {
            self.play_failed(call);
            return;
        }
        match &call.op {
            Op::Open { .. } | Op::Send { .. } | Op::Receive => {}
            Op::Create { path, inode, is_new: true, .. } => {
                let node = self.add(Node::File(Arc::default()), *inode);
                self.link(path, node, call.ended);
            }
            Op::Create { path, truncates, .. } => {
                if *truncates && let Some(file) = self.find(path) {
                    self.add_pending(Effect::Length { file, length: 0 }, call.ended);
                }
            }
            Op::Write { file, offset, bytes } => {
                let (offset, bytes) = (*offset as usize, bytes.as_slice().into());
                let file = self.known(file.inode, &file.path);
                self.add_pending(Effect::Bytes { file, offset, bytes }, call.ended);
            }
            Op::SetLength { file, length } => {
                let file = self.known(file.inode, &file.path);
                self.add_pending(Effect::Length { file, length: *length as usize }, call.ended);
            }
            Op::Sync { file } => {
                let node = self.known(file.inode, &file.path);
                self.make_durable(call.began, |pending| pending.effect.of() == node);
            }
            Op::SyncAll => self.make_durable(call.began, |pending| !pending.is_lost),
            Op::Rename { from, to } => {
                let node = self.find(from).unwrap_or_else(|| panic!("{} is unknown", from.display()));
                self.link(to, node, call.ended);
                self.unlink(from, call.ended);
            }
            Op::Remove { path } => self.unlink(path, call.ended),
            Op::MakeDir { path, inode } => {
                let node = self.add(Node::Dir(Arc::default()), *inode);
                self.live.insert(node, BTreeMap::new());
                self.link(path, node, call.ended);
            }
        }
    }

    /// After a failed sync the kernel takes bytes and names for written: no later sync makes them durable.
    ///
    /// A failed sync of the file system says so once, for the bytes of all files. Two things are left out. A file whose own
    /// sync was good later on has lost nothing: it would have been told too. And names: a file system that cannot
    /// write them stops.
    fn play_failed(&mut self, call: &Call) {
        match &call.op {
            Op::Sync { file } => {
                let node = self.known(file.inode, &file.path);
                self.pending.retain(|pending| pending.effect.of() != node);
            }
            Op::SyncAll => {
                for pending in self.pending.iter_mut().filter(|pending| pending.ended < call.began) {
                    pending.is_lost |= matches!(pending.effect, Effect::Bytes { .. } | Effect::Length { .. });
                }
            }
            _ => {}
        }
    }

    fn add_pending(&mut self, effect: Effect, ended: u64) {
        self.pending.push(Pending { effect, ended, is_lost: false });
    }

    fn add(&mut self, node: Node, inode: u64) -> NodeId {
        self.nodes.push(node);
        self.by_inode.insert(inode, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn known(&self, inode: u64, path: &Path) -> NodeId {
        let node = self.by_inode.get(&inode).copied();
        node.unwrap_or_else(|| panic!("expected a call that made {} in the trace", path.display()))
    }

    fn find(&self, path: &Path) -> Option<NodeId> {
        let mut parts = path.strip_prefix(&self.root).ok()?.components();
        parts.try_fold(0, |dir, part| self.live.get(&dir)?.get(part.as_os_str()).copied())
    }

    fn place(&self, path: &Path) -> Option<(NodeId, OsString)> {
        Some((self.find(path.parent()?)?, path.file_name()?.to_owned()))
    }

    fn link(&mut self, path: &Path, node: NodeId, ended: u64) {
        let (dir, name) =
            self.place(path).unwrap_or_else(|| panic!("{} has no known directory", path.display()));
        self.live.entry(dir).or_default().insert(name.clone(), node);
        self.add_pending(Effect::Name { dir, name, node }, ended);
    }

    fn unlink(&mut self, path: &Path, ended: u64) {
        let Some((dir, name)) = self.place(path) else { return };
        self.live.entry(dir).or_default().remove(&name);
        self.add_pending(Effect::NoName { dir, name }, ended);
    }

    fn make_durable(&mut self, began: u64, is_meant: impl Fn(&Pending) -> bool) {
        for pending in std::mem::take(&mut self.pending) {
            if pending.ended < began && is_meant(&pending) {
                apply(&mut self.nodes, &pending.effect, None);
            } else {
                self.pending.push(pending);
            }
        }
    }

    /// What is found after a power cut now.
    pub fn image(&self, cut: Cut) -> Image {
        let mut nodes = self.nodes.clone();
        for (at, Pending { effect, .. }) in self.pending.iter().enumerate() {
            match cut.keeps(at) {
                Keep::No => {}
                Keep::All => apply(&mut nodes, effect, None),
                Keep::Part { first, bytes } => apply(&mut nodes, effect, Some((first, bytes))),
            }
        }
        let mut image = Image::default();
        collect(&nodes, 0, Path::new(""), &mut image);
        image
    }
}

/// How much of a change is there after the power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    No,
    All,
    /// Of the bytes that are written, these first ones, or all but these.
    Part {
        first: bool,
        bytes: usize,
    },
}

fn apply(nodes: &mut [Node], effect: &Effect, part: Option<(bool, usize)>) {
    match (effect, &mut nodes[effect.of()]) {
        (Effect::Bytes { offset, bytes, .. }, Node::File(content)) => {
            let (from, to) = match part {
                None => (0, bytes.len()),
                Some((true, first)) => (0, first.min(bytes.len())),
                Some((false, first)) => (first.min(bytes.len()), bytes.len()),
            };
            let content = Arc::make_mut(content);
            if content.len() < offset + to {
                content.resize(offset + to, 0);
            }
            content[offset + from..offset + to].copy_from_slice(&bytes[from..to]);
        }
        (Effect::Length { length, .. }, Node::File(content)) => Arc::make_mut(content).resize(*length, 0),
        (Effect::Name { name, node, .. }, Node::Dir(names)) => {
            Arc::make_mut(names).insert(name.clone(), *node);
        }
        (Effect::NoName { name, .. }, Node::Dir(names)) => {
            Arc::make_mut(names).remove(name);
        }
        (effect, node) => panic!("{effect:?} does not fit {node:?}"),
    }
}

fn collect(nodes: &[Node], node: NodeId, path: &Path, image: &mut Image) {
    match &nodes[node] {
        Node::File(bytes) => {
            image.entries.insert(path.to_owned(), Some(Arc::clone(bytes)));
        }
        Node::Dir(names) => {
            if !path.as_os_str().is_empty() {
                image.entries.insert(path.to_owned(), None);
            }
            for (name, &node) in names.iter() {
                collect(nodes, node, &path.join(name), image);
            }
        }
    }
}
