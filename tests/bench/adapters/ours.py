import json
import re
import shutil
import subprocess
import time

import accounts
import destinations
import name_server
from benchlib import (Adapter, BIN_OURS, BOXES, DOMAINS, LIMITED_HOSTS, LOCAL_DOMAIN, MAIL, MAX_MESSAGE, PASSWORD, PEERS,
                      ROOT, SINK, make_certificate)

SUBMISSION = ('127.0.0.1', 2522)
POP3_BOXES = [f'box{i}' for i in range(BOXES)] + [f'pop{i}' for i in range(20)] + ['big', 'bigs']
# Where mail that is to be deferred goes: nothing listens there.
NOWHERE = '[127.0.0.3]:2'
NAME_SERVER = ('127.0.0.1', 2553)
DNS = '[dns]\nservers = ["%s:%d"]\n' % NAME_SERVER
# Of the load's clients nobody may relay, and each is counted and checked as any stranger.
STRANGERS = """\
unlimited_networks = []
connection_limit_per_network = 5000
connection_rate_per_address = 1000000
connection_rate_per_network = 1000000
[relay]
networks = []
""" + DNS
# What they ask there: the client's name leads back to it, and the sender's domain takes mail.
ZONES = {
    '127.in-addr.arpa': '1.0.0 PTR load.test.\n',
    'load.test': '@ A 127.0.0.1\n@ MX 10 @\n',
}
SOA = '@ SOA @ @ 1 3600 900 86400 60\n@ NS @\n'
# The modes in which nsd answers, and those in which nothing is delivered, or not yet.
ASKING = ('strangers', 'unchecked', 'destinations')
KEEPING = ('hold', 'idle', *ASKING)


class Ours(Adapter):
    name = 'ours'
    smtp = ('127.0.0.1', 2520)
    pop3 = ('127.0.0.1', 2521)
    starttls = True
    traced = True
    conf_note = ('hold, idle, strangers, unchecked, and destinations until the load is there: smtpd and queued run, the '
                 'deliverds do not (as mta and mda of opensmtpd are paused); deferred: everything is routed to a port '
                 'where nothing listens; strangers, unchecked: nobody may relay, nsd answers, and the checks are as by '
                 'default, or off; size and connection limits raised')

    def __init__(self):
        super().__init__()
        # Mailboxes are DOMAIN/USER/Maildir below paths.mail.
        self.mail = MAIL / self.name / LOCAL_DOMAIN
        self.conf = self.dir / 'postrider.toml'

    def version(self):
        return subprocess.run([BIN_OURS / 'postrider', '--version'], capture_output=True, text=True).stdout.strip()

    def command(self, *argv):
        return [BIN_OURS / 'postrider', '--config', self.conf, *argv]

    def configure(self, mode):
        for folder in ('spool', 'run', 'data'):
            (self.dir / folder).mkdir(exist_ok=True)
        sink = f'smtp:[{SINK[0]}]:{SINK[1]}'
        route = {'relay': sink, 'relay_tls': sink, 'deferred': f'smtp:{NOWHERE}'}.get(mode)
        certificate, key = make_certificate(self.dir, f'mx.{LOCAL_DOMAIN}')
        submission = ', { address = "%s:%d", mode = "submission" }' % SUBMISSION if mode == 'company' else ''
        strangers = STRANGERS if mode in ('strangers', 'unchecked') else ''
        self.conf.write_text(f'''\
hostname = "mx.{LOCAL_DOMAIN}"
[tls]
certificate = "{certificate}"
key = "{key}"
[paths]
spool = "{self.dir}/spool"
mail = "{MAIL / self.name}"
data = "{self.dir}/data"
run = "{self.dir}/run"
[smtpd]
listen = [{{ address = "{self.smtp[0]}:{self.smtp[1]}", mode = "mx" }}{submission}]
message_size_limit = "{MAX_MESSAGE // 1024}KiB"
connection_limit_per_address = 5000
{'plaintext_auth = "loopback"' if mode == 'company' else ''}
{strangers}[passwords]
min_length = 1
common = "/dev/null"
[trace]
enabled = "{'on' if self.traced else 'off'}"
[pop3d]
listen = [{{ address = "{self.pop3[0]}:{self.pop3[1]}", tls = "none" }}]
''' + (f'[[route]]\nmatch = "*"\nvia = "{route}"\n' if route else '')
            + (self.limits() if mode == 'destinations' else '')
            + ('[[tls_policy]]\ndestination = "*"\nlevel = "encrypt"\n' if mode == 'relay_tls' else '')
            + (self.checks_off() if mode == 'unchecked' else ''))
        self.make_directory()
        if mode == 'company':
            accounts.fill_directory(self.dir / 'data/directory.db')

    def serve_names(self):
        """nsd, the only name server that smtpd asks."""
        folder = self.dir / 'nsd'
        folder.mkdir()
        zones = {name: SOA + records for name, records in ZONES.items()} | destinations.zone(LIMITED_HOSTS, DOMAINS)
        configuration = name_server.configure(folder, '%s:%d' % NAME_SERVER, zones)
        self.group.spawn([PEERS / 'nsd/usr/sbin/nsd', '-d', '-c', configuration], log=folder / 'log')
        while not name_server.serves(folder):
            time.sleep(0.02)

    def limits(self):
        rows = ''.join('[[destination]]\nhost = "{host}"\nconnections = {connections}\nrate = "{rate}"\n'.format(**host.limits())
                       for host in LIMITED_HOSTS)
        return f'{DNS}[relay]\nport = {SINK[1]}\n{rows}'

    def checks_off(self):
        """All that have an action, whichever the release has."""
        example = subprocess.run([BIN_OURS / 'postrider', 'config', 'example'], capture_output=True, text=True, check=True)
        section = re.search(r'^\[checks\]\n(.*?)(?=^\[|\Z)', example.stdout, re.M | re.S)[1]
        names = re.findall(r'^# (\w+) = "(?:off|tag|defer|refuse)"$', section, re.M)
        return '[checks]\n' + ''.join(f'{name} = "off"\n' for name in names)

    def make_directory(self):
        """Domain and users; made once, as each password costs what argon2id is meant to cost."""
        made = ROOT / 'ours-directory.db'
        if not made.exists():
            for argv in [('domain', 'add', LOCAL_DOMAIN)] + [
                    ('user', 'add', f'{user}@{LOCAL_DOMAIN}', '--password-stdin') for user in POP3_BOXES]:
                subprocess.run(self.command(*argv), input=PASSWORD + '\n', text=True, check=True,
                               stdout=subprocess.DEVNULL)
            shutil.copy(self.dir / 'data/directory.db', made)
        shutil.copy(made, self.dir / 'data/directory.db')
        # It may be of an earlier release: the command brings it up to date.
        subprocess.run(self.command('domain', 'list'), check=True, stdout=subprocess.DEVNULL)

    def launch(self):
        if self.mode in ASKING:
            self.serve_names()
        if self.mode in KEEPING:
            for daemon in ('queued', 'smtpd'):
                self.group.spawn([BIN_OURS / daemon, '--config', self.conf], log=self.log)
            if self.traced:
                self.group.spawn(self.command('trace', '--collect'), log=self.log)
        else:
            self.group.spawn(self.command('run'), log=self.log)

    def deliver(self):
        """What was kept."""
        self.group.spawn([BIN_OURS / 'deliverd', '--role', 'remote', '--config', self.conf], log=self.log)

    def settle(self):
        while json.loads(subprocess.run(self.command('--json', 'status'), stdout=subprocess.PIPE,
                                        check=True).stdout)['active']:
            time.sleep(0.02)

    def fill_queue(self, messages):
        """So many deferred messages for 1,000 domains in the spool of a stopped server."""
        subprocess.run([BIN_OURS / 'fill_queue', self.dir / 'spool', str(messages), '1000'], check=True)

    def listing(self):
        return self.command('queue', 'list')


ADAPTER = Ours
