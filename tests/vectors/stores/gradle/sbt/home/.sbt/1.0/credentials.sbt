credentials += Credentials("Sonatype Nexus Repository Manager", "nexus.corp.example", "ada", "Fake-nexus-pass-1")
credentials += Credentials(Path.userHome / ".sbt" / ".credentials")
