package org.vm.itest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Jars of a bundle that makes {@link SequenceDevice}s, in any version. */
final class DeviceBundle {
    static final String PID = "org.example.sequence";
    private static final String COMPONENT = """
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="%s" configuration-policy="require" init="2">
              <implementation class="org.vm.itest.SequenceDevice"/>
              <service><provide interface="org.vm.api.device.MmioDevice"/></service>
            </scr:component>
            """;

    private DeviceBundle() {}

    static InputStream with(String version, Map<String, String> headers) throws IOException {
        return jar(PID, PID, version, headers);
    }

    static InputStream jar(String symbolicName, String pid, String version, Map<String, String> headers) throws IOException {
        Map<String, String> all = new LinkedHashMap<>(Map.of("Bundle-ManifestVersion", "2", "Bundle-SymbolicName", symbolicName,
                "Bundle-Version", version, "Service-Component", "OSGI-INF/sequence.xml",
                "Import-Package", "org.vm.api.device,org.vm.api.state,org.osgi.framework"));
        all.putAll(headers);
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        all.forEach(manifest.getMainAttributes()::putValue);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            String path = SequenceDevice.class.getName().replace('.', '/') + ".class";
            jar.putNextEntry(new ZipEntry(path));
            try (InputStream in = SequenceDevice.class.getResourceAsStream("/" + path)) {
                in.transferTo(jar);
            }
            jar.putNextEntry(new ZipEntry("OSGI-INF/sequence.xml"));
            jar.write(COMPONENT.formatted(pid).getBytes(StandardCharsets.UTF_8));
            jar.closeEntry();
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }
}
