/** Real machines in a plain JUnit test, without a container. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
package org.vm.testing;
