#!/usr/bin/perl
# An SMSC of Net::SMPP and Encode, on a free port of 127.0.0.1: neither PDUs nor alphabets are Cardwake's here. It writes
# what it sees as one JSON object a line, does what it is told the same way, and ends with its standard input.
#
# Sees: listening {port}; bound {esme, command, version}; refused {esme, status}; submitted {esme, id, fields, header, text};
#   answered {ref, status}; enquired {esme}; ended {esme, by}
# Is told: receipts {esme, form, first, state, error, ids}; deliver {esme, ref, fields, header, text, charset};
#   throttle {esme, count}; enquire, unbind, drop {esme}
use strict;
use warnings;
use Encode qw(decode encode FB_CROAK);
use IO::Select;
use JSON::PP;
use Net::SMPP;
use POSIX qw(strftime);

use constant PASSWORD => 'secret';
use constant { RINVPASWD => 0x0e, RTHROTTLED => 0x58 };

$| = 1;
$SIG{PIPE} = 'IGNORE';

my $json = JSON::PP->new->utf8->canonical;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0) or die "no port: $!";
my $select = IO::Select->new(\*STDIN, $listener);
my %sessions;    # by file number: {socket, esme, kind, awaited => {sequence => ref}}
my %receipts;    # by ESME, how it gets them
my %throttled;   # by ESME, how many are still to be refused
my $last_id = 1000;
my $orders = '';

sub see { my ($what, %facts) = @_; print $json->encode({ event => $what, %facts }), "\n"; }

see('listening', port => $listener->sockport);
while (1) {
    for my $ready ($select->can_read) {
        if ($ready == $listener) { welcome($listener->accept) }
        elsif ($ready == \*STDIN) { read_orders() }
        elsif ($sessions{ $ready->fileno }) { hear($sessions{ $ready->fileno }) }
    }
}

sub welcome {
    my ($socket) = @_;
    $select->add($socket);
    $sessions{ $socket->fileno } = { socket => $socket, esme => '', kind => '', awaited => {} };
}

sub part {
    my ($session, $by) = @_;
    see('ended', esme => $session->{esme}, by => $by);
    delete $sessions{ $session->{socket}->fileno };
    $select->remove($session->{socket});
    $session->{socket}->close;
}

sub hear {
    my ($session) = @_;
    my $socket = $session->{socket};
    local $SIG{__WARN__} = sub { };    # it warns of every end of a connection
    my $pdu = $socket->read_pdu or return part($session, 'close');
    my $name = Net::SMPP::pdu_tab->{ $pdu->{cmd} }{cmd} // 'unknown';
    if    ($name =~ /^bind_(transceiver|transmitter|receiver)$/) { bind_esme($session, $1, $pdu) }
    elsif ($name eq 'submit_sm') { take($session, $pdu) }
    elsif ($name eq 'deliver_sm_resp') {
        my $ref = delete $session->{awaited}{ $pdu->{seq} };
        see('answered', ref => $ref, status => $pdu->{status}) if defined $ref && $ref ne '';
    }
    elsif ($name eq 'enquire_link') { $socket->enquire_link_resp(seq => $pdu->{seq}) }
    elsif ($name eq 'enquire_link_resp') { see('enquired', esme => $session->{esme}) }
    elsif ($name eq 'unbind') { $socket->unbind_resp(seq => $pdu->{seq}); part($session, 'unbind') }
    elsif ($name eq 'unbind_resp') { part($session, 'unbind_resp') }
    else  { die "an ESME sent $name" }
}

sub bind_esme {
    my ($session, $kind, $pdu) = @_;
    my $answer = "bind_${kind}_resp";
    my $status = $pdu->{password} eq PASSWORD ? 0 : RINVPASWD;
    $session->{socket}->$answer(system_id => 'net-smpp', seq => $pdu->{seq}, status => $status);
    return see('refused', esme => $pdu->{system_id}, status => $status) if $status;
    @$session{qw(esme kind)} = ($pdu->{system_id}, $kind);
    see('bound', esme => $pdu->{system_id}, command => "bind_$kind", version => $pdu->{interface_version});
}

sub take {
    my ($session, $pdu) = @_;
    my ($esme, $socket) = @$session{qw(esme socket)};
    if ($throttled{$esme}) {
        $throttled{$esme}--;
        return $socket->submit_sm_resp(message_id => '', seq => $pdu->{seq}, status => RTHROTTLED);
    }
    my $id = ++$last_id;
    my $how = $receipts{$esme} // {};
    my $answered = ($how->{ids} // '') eq 'hex-to-decimal' ? sprintf('%X', $id) : "$id";
    show($esme, $answered, $pdu);
    tell_receipt($esme, $id, $answered, $pdu) if $how->{first};
    $socket->submit_sm_resp(message_id => $answered, seq => $pdu->{seq});
    tell_receipt($esme, $id, $answered, $pdu) if !$how->{first};
}

sub show {
    my ($esme, $id, $pdu) = @_;
    my @names = qw(source_addr_ton source_addr_npi source_addr dest_addr_ton dest_addr_npi destination_addr esm_class
        registered_delivery data_coding validity_period);
    my %fields = map { $_ => $pdu->{$_} } @names;
    for my $name (qw(sar_msg_ref_num sar_total_segments sar_segment_seqnum)) {
        $fields{$name} = hex(unpack 'H*', $pdu->{$name}) if defined $pdu->{$name};
    }
    my $octets = length $pdu->{short_message} ? $pdu->{short_message} : $pdu->{message_payload};
    my $header = $pdu->{esm_class} & 0x40 ? substr($octets, 0, 1 + ord $octets, '') : '';
    my $charset = $pdu->{data_coding} == 8 ? 'UTF-16BE' : 'gsm0338';
    my $text = decode($charset, $octets, FB_CROAK);
    see('submitted', esme => $esme, id => $id, fields => \%fields, header => unpack('H*', $header), text => $text);
}

sub tell_receipt {
    my ($esme, $id, $answered, $pdu) = @_;
    my $how = $receipts{$esme} or return;
    return if $pdu->{registered_delivery} != 1;
    my $told = ($how->{ids} // '') eq 'hex-to-decimal' ? sprintf('%010d', $id) : $answered;
    my %fields = (
        source_addr_ton => $pdu->{dest_addr_ton}, source_addr_npi => $pdu->{dest_addr_npi},
        source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr}, esm_class => 0x04,
    );
    if ($how->{form} eq 'tlv') {
        my $state = { DELIVRD => 2, EXPIRED => 3, UNDELIV => 5, REJECTD => 8 }->{ $how->{state} };
        @fields{qw(receipted_message_id message_state)} = ("$told\0", chr $state);
        $fields{network_error_code} = pack('Cn', 3, $how->{error});
    } else {
        my $now = strftime('%y%m%d%H%M', gmtime);
        $fields{short_message} = sprintf 'id:%s sub:001 dlvrd:001 submit date:%s done date:%s stat:%s err:%03d text:%s',
            $told, $now, $now, $how->{state}, $how->{error}, 'Card';
    }
    deliver($esme, '', %fields);
}

sub deliver {
    my ($esme, $ref, %fields) = @_;
    my ($session) = grep { $_->{esme} eq $esme && $_->{kind} ne 'transmitter' } values %sessions;
    die "no session of $esme receives" if !$session;
    $session->{awaited}{ $session->{socket}->deliver_sm(async => 1, %fields) } = $ref;
}

sub read_orders {
    sysread(STDIN, $orders, 65536, length $orders) or exit 0;
    while ($orders =~ s/^(.*)\n//) { obey($json->decode($1)) }
}

sub obey {
    my ($order) = @_;
    my ($what, $esme) = @$order{qw(order esme)};
    my @theirs = grep { $_->{esme} eq $esme } values %sessions;
    if    ($what eq 'receipts') { $receipts{$esme} = $order }
    elsif ($what eq 'throttle') { $throttled{$esme} = $order->{count} }
    elsif ($what eq 'enquire')  { $_->{socket}->enquire_link(async => 1) for @theirs }
    elsif ($what eq 'unbind')   { $_->{socket}->unbind(async => 1) for @theirs }
    elsif ($what eq 'drop')     { part($_, 'drop') for @theirs }
    elsif ($what eq 'deliver') {
        my %fields = map { $_ => ref $order->{fields}{$_} ? pack('H*', $order->{fields}{$_}{hex}) : $order->{fields}{$_} }
            keys %{ $order->{fields} };
        my $body = pack('H*', $order->{header} // '') . encode($order->{charset}, $order->{text}, FB_CROAK);
        $fields{ $order->{isPayload} ? 'message_payload' : 'short_message' } = $body;
        deliver($esme, $order->{ref}, %fields);
    }
    else { die "no order $what" }
}
