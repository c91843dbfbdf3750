package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistributionTest {
    @TempDir Path home;

    private void jar(String path) throws IOException {
        Path file = home.resolve(path);
        Files.createDirectories(file.getParent());
        Files.createFile(file);
    }

    private List<String> bundles() throws IOException {
        return Distribution.of(home).bundles().stream().map(b -> b.level() + " " + b.file().getFileName()).toList();
    }

    @Test
    void bundlesStartInTheOrderOfTheirFoldersNumbers() throws IOException {
        jar("system/10/z.jar");
        jar("system/2/b.jar");
        jar("system/2/a.jar");
        jar("system/2/notes.txt");
        jar("system/library/l.jar");
        assertEquals(List.of("0 l.jar", "2 a.jar", "2 b.jar", "10 z.jar"), bundles());
    }

    @Test
    void aFolderThatIsNoLevelIsNamed() throws IOException {
        for (String bad : List.of("0", "100", "x", "-1")) {
            Path folder = Files.createDirectories(home.resolve("system").resolve(bad));
            assertTrue(assertThrows(IOException.class, this::bundles).getMessage().contains(folder.toString()), bad);
            Files.delete(folder);
        }
    }

    @Test
    void aFolderWithoutADistributionIsNamed() {
        assertTrue(assertThrows(IOException.class, () -> Distribution.of(home)).getMessage().contains(home.toString()));
    }

    @Test
    void frameworkPropertiesKnowTheFolders() throws IOException {
        jar("system/1/a.jar");
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf/framework.properties"), "dirs=${plugins},${conf}\nplain=${unknown}\n");
        Path work = home.resolve("w");
        Map<String, String> properties = Distribution.of(home).properties(work, work);
        assertEquals(home.resolve("plugins") + "," + home.resolve("conf"), properties.get("dirs"));
        assertEquals("${unknown}", properties.get("plain"));
        assertEquals(work.resolve("bundles").toString(), properties.get("org.osgi.framework.storage"));
    }
}
