//! Channels: receivers as Python's iterators, senders both ways.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::Duration;

use super::call::{Callback, Items, Step};
use super::fault::{Fault, Kind};
use super::handle::{Header, shared};
use super::wire::{Lift, Lower, Reader};

/// How long a receiver waits before Python may look at signals.
const PATIENCE: Duration = Duration::from_millis(50);
/// How many items wait for Python in a bounded channel.
const BOUND: usize = 1024;

impl Items {
    /// What a channel receives, until all its senders are gone.
    pub fn receiving<T: Lower + 'static>(receiver: Receiver<T>) -> Self {
        Self(Box::new(move |out| match receiver.recv_timeout(PATIENCE) {
            Ok(item) => {
                item.lower(out);
                Step::Item
            }
            Err(RecvTimeoutError::Timeout) => Step::Pending,
            Err(RecvTimeoutError::Disconnected) => Step::End,
        }))
    }
}

/// Either kind of sender.
pub trait Channel<T>: Send + Sync + 'static {
    /// Sends an item; whether there is a receiver.
    fn pass(&self, item: T) -> bool;
}

impl<T: Send + 'static> Channel<T> for Sender<T> {
    fn pass(&self, item: T) -> bool {
        self.send(item).is_ok()
    }
}

impl<T: Send + 'static> Channel<T> for SyncSender<T> {
    fn pass(&self, item: T) -> bool {
        self.send(item).is_ok()
    }
}

/// A sender in Python's hands: reads an item and sends it.
pub struct Sending(Box<dyn Fn(&mut Reader<'_>) -> Result<bool, Fault> + Send + Sync>);

impl Sending {
    /// Erases the type of the items.
    pub fn new<T: Lift>(sender: impl Channel<T>) -> Self {
        Self(Box::new(move |from| Ok(sender.pass(T::lift(from)?))))
    }
}

crate::bound!(Sending, "Sender");

/// Sends an item.
///
/// # Safety
/// `header` must be null or a handle of any generated package, alive during the call;
/// `data` must be valid for `count` bytes.
pub unsafe fn send(header: *mut Header, data: *const u8, count: usize) -> Result<(), Fault> {
    // SAFETY: as the caller says.
    let (sending, bytes) = unsafe { (shared::<Sending>(header)?, super::call::slice(&(), data, count)) };
    if (sending.0)(&mut Reader::new(bytes))? {
        Ok(())
    } else {
        Err(Fault::new(Kind::Disconnected, "the channel has no receiver any more".into()))
    }
}

/// A channel that Python has filled already.
pub fn receiver<T>(items: Vec<T>) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    // The receiver is still there.
    for item in items {
        let _ = sender.send(item);
    }
    receiver
}

/// A sender whose items a Python function gets, on a thread of their own.
pub fn sender<T: Lower + Send + 'static>(function: Callback) -> Sender<T> {
    let (sender, receiver) = mpsc::channel();
    hand_over(receiver, function);
    sender
}

/// As [`sender`], with a bound.
pub fn sync_sender<T: Lower + Send + 'static>(function: Callback) -> SyncSender<T> {
    let (sender, receiver) = mpsc::sync_channel(BOUND);
    hand_over(receiver, function);
    sender
}

/// Calls Python until the senders are gone, or Python wants no more.
fn hand_over<T: Lower + Send + 'static>(receiver: Receiver<T>, function: Callback) {
    std::thread::spawn(move || {
        for item in receiver {
            // What a call unwinds with says that Python has ended.
            let call = || super::fault::quietly(|| function.call::<bool>((item,)));
            if !call().unwrap_or(false) {
                break;
            }
        }
    });
}
