package org.vm.shell.internal.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

class FactoryConfigurationFilesTest {
    private final List<String> calls = new ArrayList<>();
    private final FactoryConfigurationFiles files = new FactoryConfigurationFiles(admin());

    @TempDir
    private Path folder;

    @Test
    void aFileWithATildeIsAFactoryConfiguration() throws Exception {
        File file = Files.writeString(folder.resolve("org.vm.device.virtio.rng~seed-1.cfg"), "# entropy\nvm = linux \n")
                .toFile();
        files.install(file);
        files.update(file);
        files.uninstall(file);
        assertEquals(List.of("get org.vm.device.virtio.rng seed-1", "updateIfDifferent {vm=linux}",
                "get org.vm.device.virtio.rng seed-1", "updateIfDifferent {vm=linux}",
                "get org.vm.device.virtio.rng seed-1", "delete"), calls);
    }

    @Test
    void otherFilesAreLeftToFileInstall() {
        assertTrue(files.canHandle(new File("org.vm.machine~test.cfg")));
        assertFalse(files.canHandle(new File("org.vm.machine-test.cfg")));
        assertFalse(files.canHandle(new File("bundle~1.jar")));
        assertFalse(files.canHandle(new File("~.cfg")));
    }

    private ConfigurationAdmin admin() {
        Configuration configuration = proxy(Configuration.class, (name, arguments) -> {
            calls.add(name + (arguments == null ? "" : " " + Map.copyOf((Map<?, ?>) arguments[0])));
            return name.equals("delete") ? null : true;
        });
        return proxy(ConfigurationAdmin.class, (name, arguments) -> {
            calls.add("get " + arguments[0] + " " + arguments[1]);
            return configuration;
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
