package org.vm.shell.internal.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.service.cm.Configuration;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;
import org.vm.api.hotplug.HotplugException;
import org.vm.shell.internal.command.FakeManager;

class FactoryConfigurationFilesTest {
    private final List<String> calls = new ArrayList<>();
    private final Map<String, Hashtable<String, Object>> store = new TreeMap<>();
    /** What was deleted while somebody listed it. */
    private final Map<String, Hashtable<String, Object>> remembered = new TreeMap<>();
    private final FactoryConfigurationFiles files = new FactoryConfigurationFiles(admin());
    private final FakeManager manager = new FakeManager("linux");

    @TempDir
    private Path folder;

    private File file(String name, String text) throws Exception {
        return Files.writeString(folder.resolve(name), text).toFile();
    }

    @Test
    void aFileWithATildeIsAFactoryConfiguration() throws Exception {
        File file = file("org.vm.device.virtio.rng~seed-1.cfg", "# entropy\nvm = linux \n");
        files.install(file);
        files.update(file);
        files.uninstall(file);
        assertEquals(List.of("update org.vm.device.virtio.rng~seed-1 {vm=linux}", "change org.vm.device.virtio.rng~seed-1 {vm=linux}",
                "delete org.vm.device.virtio.rng~seed-1"), calls);
    }

    @Test
    void aConfigurationThatIsRememberedButNotListedIsWrittenAnew() throws Exception {
        File file = file("org.vm.device.virtio.rng~seed.cfg", "vm = linux\n");
        remembered.put("org.vm.device.virtio.rng~seed", new Hashtable<>(Map.of("vm", "linux")));
        files.install(file);
        assertEquals(List.of("update org.vm.device.virtio.rng~seed {vm=linux}"), calls);
    }

    @Test
    void theDeviceOfADeletedFileLeavesInAgreementWithTheGuest() throws Exception {
        files.bindMachines(manager);
        File seed = file("org.vm.device.virtio.rng~seed.cfg", "vm = linux\n");
        File disk = file("org.vm.device.virtio.blk~x.cfg", "vm = linux\nname = disk1\n");
        files.install(seed);
        files.install(disk);
        calls.clear();
        files.uninstall(seed);
        files.uninstall(disk);
        assertEquals(List.of("remove linux seed INSIST 15", "remove linux disk1 INSIST 15"), manager.calls);
        assertEquals(List.of(), calls, "the manager deletes the configurations");
        manager.removal = CompletableFuture.failedFuture(new HotplugException(HotplugException.Reason.FAILED, "it is stuck"));
        files.install(disk);
        files.uninstall(disk);
        assertEquals("delete org.vm.device.virtio.blk~x", calls.getLast());
    }

    @Test
    void aFileThatComesBackWhileItsDeviceLeavesIsReadWhenItHasLeft() throws Exception {
        files.bindMachines(manager);
        CompletableFuture<Void> leaving = new CompletableFuture<>();
        manager.removal = leaving;
        File disk = file("org.vm.device.virtio.blk~disk1.cfg", "vm = linux\n");
        files.install(disk);
        files.uninstall(disk);
        calls.clear();
        files.install(disk);
        assertEquals(List.of(), calls);
        store.clear();
        leaving.complete(null);
        assertEquals(List.of("update org.vm.device.virtio.blk~disk1 {vm=linux}"), calls);
    }

    @Test
    void whatIsNoDeviceOrNotTheOnlyOneOfItsNameIsDeletedAtOnce() throws Exception {
        files.bindMachines(manager);
        File machine = file("org.vm.machine~linux.cfg", "memory = 64M\n");
        File disk = file("org.vm.device.virtio.blk~disk1.cfg", "vm = linux\n");
        File same = file("org.vm.device.virtio.blk~other.cfg", "vm = linux\nname = disk1\n");
        files.install(machine);
        files.install(disk);
        files.install(same);
        files.uninstall(machine);
        files.uninstall(same);
        assertEquals(List.of(), manager.calls);
        assertEquals("[org.vm.device.virtio.blk~disk1]", store.keySet().toString());
    }

    @Test
    void theFileOfADiskThatHasMovedNamesItsNewStorage() throws Exception {
        String name = "org.vm.device.virtio.blk~disk1";
        File disk = file(name + ".cfg", "# data\nvm = linux\nfile : old.img\nsize=2G\n");
        files.install(disk);
        store.put(name, new Hashtable<>(Map.of("vm", "linux", "ram", "2G", "queues", "4")));
        files.configurationEvent(updated(name));
        assertEquals("# data\nvm = linux\nram=2G\n", Files.readString(disk.toPath()));
        files.update(disk);
        store.put(name, new Hashtable<>(Map.of("vm", "linux", "file", "new.img")));
        Files.writeString(disk.toPath(), "vm=linux\nfile=mine.img\n");
        assertTrue(disk.setLastModified(disk.lastModified() + 2000));
        files.configurationEvent(updated(name));
        assertEquals("vm=linux\nfile=mine.img\n", Files.readString(disk.toPath()), "somebody else was here");
    }

    private static ConfigurationEvent updated(String pid) {
        @SuppressWarnings("unchecked")
        ServiceReference<ConfigurationAdmin> reference = proxy(ServiceReference.class, (name, arguments) -> null);
        return new ConfigurationEvent(reference, ConfigurationEvent.CM_UPDATED, null, pid);
    }

    @Test
    void otherFilesAreLeftToFileInstall() {
        assertTrue(files.canHandle(new File("org.vm.machine~test.cfg")));
        assertFalse(files.canHandle(new File("org.vm.machine-test.cfg")));
        assertFalse(files.canHandle(new File("bundle~1.jar")));
        assertFalse(files.canHandle(new File("~.cfg")));
    }

    private ConfigurationAdmin admin() {
        return proxy(ConfigurationAdmin.class, (name, arguments) -> name.equals("listConfigurations")
                ? store.keySet().stream().filter(pid -> listed(pid, arguments[0].toString())).map(this::configuration)
                        .toArray(Configuration[]::new)
                : configuration(arguments[0] + "~" + arguments[1]));
    }

    private boolean listed(String pid, String filter) {
        return filter.startsWith("(service.pid=") ? filter.equals("(service.pid=" + pid + ")") : store.get(pid).containsKey("vm");
    }

    private Configuration configuration(String pid) {
        return proxy(Configuration.class, (name, arguments) -> switch (name) {
            case "update", "updateIfDifferent" -> {
                Hashtable<String, Object> properties = new Hashtable<>((Map<String, ?>) arguments[0]);
                calls.add((name.equals("update") ? "update " : "change ") + pid + " " + properties);
                store.put(pid, properties);
                yield name.equals("update") ? null : (Object) true;
            }
            case "delete" -> {
                calls.add("delete " + pid);
                store.remove(pid);
                yield null;
            }
            case "getProperties" -> (Dictionary<String, Object>) store.getOrDefault(pid, remembered.get(pid));
            case "getPid" -> pid;
            default -> throw new AssertionError("a configuration is asked for " + name);
        });
    }

    private interface Call {
        Object of(String name, Object[] arguments);
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> call.of(method.getName(), arguments)));
    }
}
