// Two people who talk while others misbehave: after every test the server must live and they must not have noticed.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { World } from './world.mjs';

/** Sets up one server for a suite and checks on it after each test. The answer is filled in before the first test. */
export function withBystanders(worldOptions = {}) {
  const scene = {};
  let pid;

  before(async () => {
    scene.world = await World.open(worldOptions);
    Object.assign(scene, await scene.world.talk());
    scene.world.devices = []; // these two stay for the whole suite
    ({ port: scene.port, pid } = scene.world.server);
    scene.token = scene.alice.token();
  });

  /** A message from one bystander to the other: what the server got before it has been dealt with afterwards. */
  scene.talkOn = async (words = 'unaffected') => {
    const { id } = await scene.a.sends(scene.order, words);
    await scene.b.hears('order_message', { id });
  };

  afterEach(async () => {
    const { world, a, b } = scene;
    world.closeDevices();
    assert.equal(world.server.pid, pid);
    assert.ok(world.server.isAlive(), world.server.log.slice(-4000));
    await scene.talkOn();
    for (const d of [a, b]) assert.equal(d.heard('disconnect').length, 0);
  });

  after(async () => {
    for (const d of [scene.a, scene.b]) d?.closes();
    await scene.world?.close();
  });
  return scene;
}
