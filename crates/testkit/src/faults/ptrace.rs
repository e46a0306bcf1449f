//! ptrace(2) of Linux: the requests that the tracer needs, each as a safe function.
#![expect(
    unsafe_code,
    reason = "the standard library knows no ptrace; each call passes plain numbers or a local value"
)]

use std::io;

use libc::{c_int, pid_t, user_regs_struct};

/// What a traced thread, or the process, has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It has ended.
    Ended,
    /// It enters a system call or returns from one.
    AtCall,
    /// It is about to get this signal.
    Signal(c_int),
    /// It has started, made a thread, or stopped.
    Event,
}

/// Waits until any thread of a process group changes.
pub(super) fn wait_for_group(group: pid_t) -> io::Result<(pid_t, Status)> {
    let mut status = 0;
    // SAFETY: the status is written to a local variable.
    let thread = checked(unsafe { libc::waitpid(-group, &raw mut status, libc::__WALL) }.into())? as pid_t;
    let signal = libc::WSTOPSIG(status);
    Ok((
        thread,
        match status {
            _ if !libc::WIFSTOPPED(status) => Status::Ended,
            _ if signal == libc::SIGTRAP | 0x80 => Status::AtCall,
            _ if status >> 16 != 0 => Status::Event,
            _ => Status::Signal(signal),
        },
    ))
}

/// Waits until a child has stopped itself.
pub(super) fn wait_for_stop(process: pid_t) -> io::Result<bool> {
    let mut status = 0;
    // SAFETY: the status is written to a local variable.
    checked(unsafe { libc::waitpid(process, &raw mut status, libc::WUNTRACED) }.into())?;
    Ok(libc::WIFSTOPPED(status))
}

/// Begins to trace a process, with all threads that it makes; it ends when the tracer does.
pub(super) fn seize(process: pid_t) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    // SAFETY: the request takes numbers only.
    checked(unsafe { libc::ptrace(libc::PTRACE_SEIZE, process, 0_usize, options as usize) }).map(drop)
}

/// Lets a stopped thread go on to its next entry or return; 0 is no signal.
pub(super) fn go_on(thread: pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: the request takes numbers only.
    checked(unsafe { libc::ptrace(libc::PTRACE_SYSCALL, thread, 0_usize, signal as usize) }).map(drop)
}

/// Registers of a stopped thread.
pub(super) fn registers(thread: pid_t) -> io::Result<user_regs_struct> {
    // SAFETY: the structure holds numbers, for which zero is a value.
    let mut registers: user_regs_struct = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one such structure, which lives until the call returns.
    checked(unsafe { libc::ptrace(libc::PTRACE_GETREGS, thread, 0_usize, &raw mut registers) })?;
    Ok(registers)
}

/// Changes the registers of a stopped thread.
pub(super) fn set_registers(thread: pid_t, registers: &user_regs_struct) -> io::Result<()> {
    // SAFETY: the kernel reads one such structure, which lives until the call returns.
    checked(unsafe { libc::ptrace(libc::PTRACE_SETREGS, thread, 0_usize, &raw const *registers) }).map(drop)
}

/// Sends a signal to a process; to a group of them by its number below zero.
pub(super) fn send(process: pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    checked(unsafe { libc::kill(process, signal) }.into()).map(drop)
}

fn checked(result: i64) -> io::Result<i64> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
