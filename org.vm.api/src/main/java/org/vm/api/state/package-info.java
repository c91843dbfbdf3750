/** What a device must carry over a change of its instance: declared, versioned, and read by any other version. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.api.state;
