"""Lets an assistant ask (Model Context Protocol): its tools are the questions, and it changes nothing."""
