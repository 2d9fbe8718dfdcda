#!/bin/sh
secret-tool lookup x y
