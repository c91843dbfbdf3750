package org.vm.kit;

import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Jar;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Makes a bundle of compiled classes, as the project's own Maven build does. */
final class BundleMaker {
    private final String symbolicName;
    private final List<Path> classPath;

    BundleMaker(String symbolicName, List<Path> classPath) {
        this.symbolicName = symbolicName;
        this.classPath = classPath;
    }

    /** @return what is wrong; empty if the jar is there */
    List<String> make(Path classes, Path jar) throws IOException {
        try (Builder builder = new Builder()) {
            builder.setProperty(Constants.BUNDLE_SYMBOLICNAME, symbolicName);
            builder.setProperty(Constants.NOEXTRAHEADERS, "true");
            builder.setClasspath(classPath.stream().map(Path::toFile).toArray(File[]::new));
            builder.setJar(classes.toFile());
            Jar bundle = builder.build();
            if (builder.isOk()) {
                bundle.write(jar.toFile());
                return List.of();
            }
            return new ArrayList<>(builder.getErrors());
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            // The library declares no more than that.
            throw new IOException("the bundle cannot be made: " + e.getMessage(), e);
        }
    }
}
