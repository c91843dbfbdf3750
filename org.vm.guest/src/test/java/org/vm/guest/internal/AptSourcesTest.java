package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;

class AptSourcesTest {
    @TempDir Path apt;

    private void file(String name, String text) throws IOException {
        Path file = apt.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private Optional<String> mirror() {
        return new AptSources(apt).debianMirror();
    }

    @Test
    void theOneLineFormatIsRead() throws IOException {
        file("sources.list", """
                # deb http://commented.example/debian trixie main
                deb-src http://source.example/debian trixie main
                deb [arch=amd64 signed-by=/etc/x.gpg] https://other.example/apt stable main
                deb http://security.example/debian-security trixie-security main
                deb [ arch=amd64 ] http://mirror.example/debian/ trixie main contrib
                """);
        assertEquals(Optional.of("http://mirror.example/debian/"), mirror());
    }

    @Test
    void theDeb822FormatIsRead() throws IOException {
        file("sources.list.d/a.sources", """
                Types: deb
                URIs: https://other.example/node
                Suites: nodistro
                Components: main
                Signed-By: /usr/share/keyrings/other.gpg
                """);
        file("sources.list.d/debian.sources", """
                Types: deb
                URIs: http://security.example/debian-security
                Suites: trixie-security
                Components: main
                Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

                Enabled: no
                Types: deb
                URIs: http://off.example/debian
                Suites: trixie

                # the mirror, by its keys
                Types: deb deb-src
                URIs: http://mirror.example/pub/linux http://second.example/debian
                Suites: trixie trixie-updates
                Components: main
                Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
                """);
        assertEquals(Optional.of("http://mirror.example/pub/linux"), mirror());
    }

    @Test
    void anotherDistributionsHostHasNoMirror() throws IOException {
        file("sources.list", "deb http://archive.example/ubuntu noble main\ndeb cdrom:[Debian]/debian trixie main\n");
        assertEquals(Optional.empty(), mirror());
    }

    @Test
    void withoutAnyMirrorTheErrorSaysHowToGiveOne() {
        String message = assertThrows(ConfigurationException.class,
                () -> Mirror.choose(Optional.empty(), new AptSources(apt))).getMessage();
        assertTrue(message.contains("--mirror") && message.contains("VMM_MIRROR"), message);
    }

    @Test
    void whatAPersonSaysComesBeforeTheHostsSources() throws IOException {
        file("sources.list", "deb http://mirror.example/debian trixie main\n");
        assertEquals(URI.create("http://mine.example/d/"),
                Mirror.choose(Optional.of("http://mine.example/d"), new AptSources(apt)).base());
        assertEquals(URI.create("http://mirror.example/debian/"),
                Mirror.choose(Optional.empty(), new AptSources(apt)).base());
    }

    @Test
    void anAddressThatIsNoneIsRefused() {
        for (String bad : new String[] {"mirror", "ftp://x.example/debian", "http:///debian", "http://a b"}) {
            assertThrows(ConfigurationException.class, () -> Mirror.of(bad), bad);
        }
    }

    @Test
    void proxiesAreTakenFromTheEnvironment() {
        Proxies proxies = new Proxies(Map.of("http_proxy", "http://proxy.example:3128/", "NO_PROXY", "localhost,.local.example"));
        assertEquals("HTTP @ proxy.example/<unresolved>:3128", proxies.select(URI.create("http://mirror.example/x")).toString());
        assertEquals(Proxy.NO_PROXY, proxies.select(URI.create("https://mirror.example/x")));
        assertEquals(Proxy.NO_PROXY, proxies.select(URI.create("http://localhost:80/x")));
        assertEquals(Proxy.NO_PROXY, proxies.select(URI.create("http://a.local.example/x")));
        assertEquals(Proxy.Type.HTTP, proxies.select(URI.create("http://notlocalhost/x")).type());
    }
}
