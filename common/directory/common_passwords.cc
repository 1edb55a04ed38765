#include "common/directory/common_passwords.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ascii.h"

namespace postrider::directory {

namespace {

// Digits, rows of keys, and the words that come to mind; what may stand behind a word is left out,
// as password_policy looks at the word alone.
constexpr std::string_view kBuiltIn = R"(
0000 00000 000000 0000000 00000000 000000000 0000000000 0123456 01234567 012345678 0123456789
0987654321 101010 10101010 1111 11111 111111 1111111 11111111 111111111 1111111111 11223344 112233
11235813 1122334455 121212 12121212 123 1234 12345 123456 1234567 12345678 123456789 1234567890
12345678910 123123 123123123 123321 12341234 1234554321 123454321 12344321 123654 123654789
1234qwer 12qwaszx 131313 135790 13579 1357924680 142536 147147 147258 147258369 147852 147852369
159357 159753 159951 1a2b3c 1a2b3c4d 1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz 1qaz2wsx
1qaz2wsx3edc 1qazxsw2 1234abcd 123abc 123qwe 123qweasd 202020 20202020 212121 222222 22222222
2222222222 232323 2468 24680 246810 252525 258456 2580 314159 31415926 321321 321654 333333 33333333
369258147 420420 434343 444444 44444444 456123 456456 456789 454545 4321 494949 505050 515253
520520 5201314 555555 55555555 5555555555 54321 567890 611611 654321 654321654321 666666 66666666
6666666666 676767 696969 69696969 7654321 753951 741852 741852963 777777 77777777 7777777777 789456
789456123 789789 7894561230 808080 852456 87654321 888888 88888888 8888888888 90909090 951753 963852
963852741 9876543 98765432 987654321 9876543210 987654 987987 999999 99999999 9999999999
a1b2c3 a1b2c3d4 a1s2d3f4 aa123456 aaa aaaa aaaaa aaaaaa aaaaaaaa abc abcabc abcd abcde abcdef abcdefg
abcdefgh abc123def abc123 abcd1234 abc123abc access account action admin administrator adminadmin
administrador admin123 adobe albert alexander alexandra alexis allison amanda america amsterdam
anderson andrea andreas andrew android angel angela angels anna anthony apollo apple april arsenal
asdasd asdasdasd asdf asdfasdf asdfg asdfgh asdfghj asdfghjk asdfghjkl asdf1234 asd123 ashley
august austin australia azerty azertyuiop babygirl backup badboy bailey banana bandit barcelona barney
baseball basketball batman beach bear beautiful beaver beer benjamin berlin bigdaddy biteme
blablabla blackie blahblah blink bond boomer boston brandon brandy brazil bubba buddy bulldog
buster butterfly camaro canada carlos caroline casper changeit changeme change charlie charlotte cheese
chelsea chester chicago chicken chocolate chris christian christopher claudia coffee college
compaq computer contraseña cookie cool corvette cowboy cowboys crystal daniel daniela danielle dallas
dakota darkness david december default demo denise dennis desktop destiny diablo diamond
dietcoke dolphin dolphins domain donald dragon dragonball eagle eagles edward einstein electric
elephant elizabeth emily eminem england enter everton family fender ferrari fighter
firebird fishing flower flowers fluffy football forever formula france francisco frank freddy freedom
friend friends friendship gabriel galaxy gandalf garfield gateway gemini
general genesis george germany ginger godzilla golden goldfish goodluck google green
guest guitar gunner hallo hammer hannah happy hardcore harley harrypotter heather heaven hello
hellokitty helloworld helpme hockey holiday hollywood honey hottie house hunter hunting iceman
ichliebedich iloveyou iloveu infinity internet ireland isabella jackson jaguar jasmine jasper
jason jennifer jeremy jessica jessie jesus jesuschrist johnny johnson jonathan jordan joseph joshua
july junior june justin katherine keyboard killer kimberly king kitty knight ladybug lakers
lauren leonardo letmein letmein! liberty liverpool login london lol lollipop looking loveme lovelove
love lover loveyou lucky macintosh maggie magic mail mailserver manager manchester mario marina
marine marlboro martin martina master matrix matthew maverick maxwell melissa mercedes merlin metallica
mexico michael michelle mickey midnight miller minecraft mine mohammed monday money monkey monster
montana morgan mother motorola mountain muffin murphy mustang mynoob mypassword naruto nascar natasha
natalie newyork nicholas nicole nintendo nirvana nissan nopassword nothing november october
office oliver olivia operator orange outlook panther parola paris pass passport passat passw0rd passwd
password passwort password! p@ssword p@ssw0rd pa$$word pa55word pass1234 passpass patricia
patrick peaches peanut penguin pepper perfect peter phoenix player please pokemon police porsche portugal
postmaster princess princesa private public pumpkin purple qazwsx qazwsxedc qq123456 q1w2e3 q1w2e3r4
q1w2e3r4t5 qwaszx qwe123 qweasd qweasdzxc qwer qwerasdf qwert qwerty qwertyui qwertyuiop qwertz
qwertzuiop qwer1234 qwerty12 qwerty123 qweqwe rachel raiders rainbow rangers raspberry rebecca redsox
remember richard robert rocket rockstar ronaldo root rosebud rush samantha samsung sandra saturn
scarface schalke scooter scorpion scorpio sebastian secret secure security september server service
sexy shadow shannon sharon silver simpsons slayer slipknot smokey snickers snoopy soccer something
sparky spider spiderman spongebob spring starwars startrek stella steelers stephanie steven strawberry
success summer sunday sunflower sunshine superman superstar supervisor support swordfish
system taylor teacher temp temporary tennis tequila test tester testing testtest test1234 thomas
thunder tigers tiger tigger tinkerbell toor toyota trinity trustno tucker turtle tweety twitter unknown user
vanessa valentina vampire veronica victor victoria viking vincent volcom volleyball voyager
warcraft warrior webmaster welcome westside whatever william willkommen wilson windows winner winston winter
wizard wolf wolfgang woaini xavier xxxxxx xxxxxxxx yamaha yankees yellow yourmom zaq12wsx zaq1zaq1 zaqwsx
zxcvb zxcvbn zxcvbnm zxcv1234 zxczxc zzzzzz пароль йцукен 密码 密碼 vietnam
)";

constexpr std::string_view kRemark = "#!";

}  // namespace

CommonPasswords::CommonPasswords(std::string_view text)
    : text_(std::make_unique<const std::string>(to_lower(text))) {
  std::string_view rest = *text_;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    if (!line.empty() && !line.starts_with(kRemark)) lines_.push_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::sort(lines_.begin(), lines_.end());
}

CommonPasswords CommonPasswords::built_in() {
  std::string lines(kBuiltIn);
  std::replace(lines.begin(), lines.end(), ' ', '\n');
  return CommonPasswords(lines);
}

Result<CommonPasswords> CommonPasswords::parse(std::string_view text) {
  if (text.size() > kMaxList)
    return fail(ErrorKind::invalid,
                fmt::format("a list of common passwords has at most {} octets", kMaxList));
  return CommonPasswords(text);
}

bool CommonPasswords::contains(std::string_view password) const {
  const std::string lower = to_lower(password);
  return std::binary_search(lines_.begin(), lines_.end(), std::string_view(lower));
}

}  // namespace postrider::directory
