import assert from "node:assert/strict";
import { test } from "node:test";
import { byStage, flame, shorter, stacks, tree } from "../flame.mjs";

const script = `sioxx-0  4039 
	ffffffff81e2f330 __x64_sys_sendto
	          10aba4 __send
	          3c5f64 sioxx::net::WebSocket::send_out
	          462759 sioxx::loop::Shard::turn

lane 1:2  4040 
	          10aba4 malloc
	          3c5f64 rozmova::store::SqlStore::insert(rozmova::Message const&)
	          3c5f65 rozmova::store::Lane::flush

sioxx-0  4039 
	          3c5f64 sioxx::socket::JsonReader::read
	          462759 sioxx::loop::Shard::turn

`;

test("stacks are read root first, with their threads", () => {
  const all = stacks(script);
  assert.deepEqual(all.map(({ thread, tid }) => [thread, tid]), [["sioxx-0", "4039"], ["lane 1:2", "4040"], ["sioxx-0", "4039"]]);
  assert.deepEqual(all[1].frames, ["rozmova::store::Lane::flush", "rozmova::store::SqlStore::insert", "malloc"]);
});

test("names lose what nobody reads in a picture", () => {
  assert.equal(shorter("std::vector<int, std::allocator<int> >::push_back(int const&)"), "std::vector::push_back");
  assert.equal(shorter("(anonymous namespace)::message(sioxx::Socket&)"), "message");
  assert.equal(shorter("rozmova::chat::Deeds::append(std::function<void (int)>)::{lambda(int)#1}::operator()(int) const"), "rozmova::chat::Deeds::append::{lambda#1}::()");
});

test("stages: the first row that knows a frame has the whole stack", () => {
  const shares = Object.fromEntries(byStage(stacks(script), "sqlite"));
  assert.equal(shares["kernel: send"], 1 / 3);
  assert.equal(shares["store: insert the row"], 1 / 3);
  assert.equal(shares["JSON read"], 1 / 3);
  assert.equal(Object.values(shares).reduce((sum, share) => sum + share), 1);
});

test("a flame graph has a box for each frame, as wide as its share", () => {
  const svg = flame(tree(stacks(script)), { title: "A <test>", width: 900 });
  assert.match(svg, /aria-label="A &lt;test&gt;"/);
  assert.match(svg, /<title>sioxx::loop::Shard::turn · 66\.7 %<\/title><rect [^>]*width="600\.0"/);
  assert.match(svg, /<title>malloc · 33\.3 %<\/title><rect [^>]*width="300\.0"/);
});
