//! Faults at system calls: a program runs under our own tracer, which sees every call that touches its data directory
//! or a socket, in one order over all threads, and can end the program or let the call fail at any of them.
//!
//! strace can inject faults too, but counts for each thread and each kind of call by itself; in a program whose work moves
//! between threads "the 17th call" then means something else in every run. Linux on x86-64 only.

mod calls;
mod memory;
mod ptrace;
mod tracer;

pub use calls::{Call, Op, Target};
pub use tracer::{Fault, Hit, Scope, Traced};

/// Numbers of errors, as the kernel gives them.
pub mod errno {
    pub use libc::{ECONNRESET, EDQUOT, EINTR, EIO, EMFILE, ENOSPC};
}
