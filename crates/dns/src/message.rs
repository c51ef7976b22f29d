//! DNS messages: questions as bytes, and answers checked to be for them.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Range;

use trust_dns_resolver::proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use trust_dns_resolver::proto::rr::{DNSClass, Name, RecordType};
use trust_dns_resolver::proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

use crate::error::ErrorKind;
use crate::name;
use crate::walk::Answer;

/// The longest datagram that nobody has to fragment (RFC 9715).
pub(crate) const UDP_PAYLOAD: u16 = 1232;

/// Recursion desired.
const FLAG_RD: u16 = 0x0100;
/// Checking disabled: who validates wants to see what is bogus (RFC 6840, 5.9).
const FLAG_CD: u16 = 0x0010;
/// DNSSEC OK, in the OPT record's flags.
const FLAG_DO: u16 = 0x8000;
const TYPE_OPT: u16 = 41;

const HEADER_BYTES: usize = 12;
/// Where the header says how many questions follow.
const COUNT_OF_QUESTIONS: Range<usize> = 4..6;

/// A question and how to ask it.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) name: &'a Name,
    pub(crate) kind: RecordType,
    /// Whether signatures are wanted.
    pub(crate) dnssec: bool,
    /// Whether the message has an OPT record (RFC 6891), which some servers refuse.
    pub(crate) edns: bool,
}

impl Question<'_> {
    /// Appends the message that asks this question.
    pub(crate) fn write(&self, id: u16, message: &mut Vec<u8>) {
        let flags = if self.dnssec {
            FLAG_RD | FLAG_CD
        } else {
            FLAG_RD
        };
        for number in [id, flags, 1, 0, 0, u16::from(self.edns)] {
            message.extend_from_slice(&number.to_be_bytes());
        }
        for label in self.name.iter() {
            // A label has at most 63 bytes.
            message.push(label.len() as u8);
            message.extend_from_slice(label);
        }
        message.push(0);
        for number in [self.kind.into(), u16::from(DNSClass::IN)] {
            message.extend_from_slice(&number.to_be_bytes());
        }
        if self.edns {
            let flags = if self.dnssec { FLAG_DO } else { 0 };
            message.push(0);
            for number in [TYPE_OPT, UDP_PAYLOAD, 0, flags, 0] {
                message.extend_from_slice(&number.to_be_bytes());
            }
        }
    }

    /// Reads a message that answers this question; what is wrong with one that does not.
    ///
    /// A server that cannot even read the question, or has no room for it, may answer without
    /// it, if with an error or a request to come over TCP alone.
    pub(crate) fn read(&self, id: u16, bytes: &[u8]) -> Result<Message, &'static str> {
        if bytes.get(..2) != Some(&id.to_be_bytes()) {
            return Err("a message for another question");
        }
        let repeated = self.end_in(bytes);
        let decoded = if self.dnssec {
            Message::from_vec(bytes)
        } else {
            with_answers(bytes, repeated)
        };
        let message = decoded.map_err(|_| "what is no DNS message")?;
        if message.message_type != MessageType::Response || message.op_code != OpCode::Query {
            return Err("a message that is no answer");
        }
        let is_mine = match message.queries.as_slice() {
            _ if repeated.is_some() => true,
            [] => is_error(message.response_code) || message.truncation,
            [query] => {
                name::is_same(&query.name, self.name)
                    && query.query_type == self.kind
                    && query.query_class == DNSClass::IN
            }
            _ => false,
        };
        if is_mine {
            Ok(message)
        } else {
            Err("an answer to another question")
        }
    }

    /// Where the question section of a message ends, if it has this question alone, written out
    /// in whatever case: as nearly every server does, so that there is nothing to decode.
    fn end_in(&self, bytes: &[u8]) -> Option<usize> {
        let (header, mut rest) = bytes.split_at_checked(HEADER_BYTES)?;
        for label in self.name.iter().chain([&b""[..]]) {
            let (len, name) = rest.split_first()?;
            let (found, name) = name.split_at_checked(label.len())?;
            if usize::from(*len) != label.len() || !found.eq_ignore_ascii_case(label) {
                return None;
            }
            rest = name;
        }
        let [kind, class] = [self.kind.into(), DNSClass::IN.into()].map(u16::to_be_bytes);
        let rest = rest.strip_prefix(&kind)?.strip_prefix(&class)?;
        let is_alone = header.get(COUNT_OF_QUESTIONS) == Some(&[0, 1]);
        is_alone.then_some(bytes.len() - rest.len())
    }
}

/// A message as far as its answers; all of it where it has none, for then what follows tells
/// why. It takes longer to read than the answers. Its questions are left out where they are
/// known to end at `repeated`.
fn with_answers(bytes: &[u8], repeated: Option<usize>) -> Result<Message, DecodeError> {
    let mut decoder = BinDecoder::new(bytes);
    let header = Header::read(&mut decoder)?;
    let mut message = Message::new(header.id, header.message_type, header.op_code);
    if let Some(end) = repeated {
        decoder.read_slice(end - decoder.index())?;
    } else {
        for _ in 0..header.counts.queries {
            message.queries.push(Query::read(&mut decoder)?);
        }
    }
    let answers = usize::from(header.counts.answers);
    (message.answers, ..) = Message::read_records(&mut decoder, answers, false, header.op_code)?;
    if message.answers.is_empty() {
        return Message::from_vec(bytes);
    }
    message.metadata = header.metadata;
    Ok(message)
}

fn is_error(code: ResponseCode) -> bool {
    !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// Whether the server may have stumbled over the OPT record alone (RFC 6891, 7).
pub(crate) fn refuses_edns(message: &Message) -> bool {
    matches!(
        message.response_code,
        ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS
    )
}

/// What a response code says, unless it is about the name.
pub(crate) fn failure(message: &Message) -> Option<ErrorKind> {
    match message.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some(ErrorKind::ServFail),
        ResponseCode::Refused => Some(ErrorKind::Refused),
        code => {
            let text = format!("response code {}: {code}", u16::from(code));
            Some(ErrorKind::Protocol(Cow::Owned(text)))
        }
    }
}

/// What a message says about a name that is no [`failure`].
pub(crate) fn answer(message: Message, server: SocketAddr, secure: bool) -> Answer {
    let no_such_name = message.response_code == ResponseCode::NXDomain;
    let mut records = message.answers;
    records.retain(|record| record.dns_class == DNSClass::IN);
    Answer {
        server,
        records,
        no_such_name,
        secure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_question_is_found_by_its_bytes() {
        let name = Name::from_labels([&b"www"[..], b"example"]).unwrap();
        let question = Question {
            name: &name,
            kind: RecordType::A,
            dnssec: false,
            edns: false,
        };
        let mut message = Vec::new();
        question.write(7, &mut message);
        let end = message.len();
        assert_eq!(question.end_in(&message.to_ascii_uppercase()), Some(end));
        for len in 0..end {
            assert_eq!(question.end_in(&message[..len]), None, "{len} bytes");
        }
        message.push(0);
        assert_eq!(question.end_in(&message), Some(end));
        for place in (4..6).chain(HEADER_BYTES..end) {
            let mut other = message.clone();
            other[place] ^= 1;
            assert_eq!(question.end_in(&other), None, "byte {place}");
        }
    }
}
